import * as Y from 'yjs'
import type { RoomLog } from '../log/room-log.ts'
import type { ClientRun } from './check-update.ts'
import { type Incoming, loggedUpdate } from './logged-update.ts'
import { dropPending, hasPending, holds } from './pending.ts'

export interface RoomDocumentEvents {
  /** Whether a transaction of this origin brings what is in the log already: other nodes' entries. */
  readonly isLogged: (origin: unknown) => boolean
  /** Who is answerable for a transaction of this origin. */
  readonly actorOf: (origin: unknown) => string
  /** What is being applied in a transaction of this origin, where somebody sent it. */
  readonly incomingOf: (origin: unknown) => Incoming | undefined
  /** A transaction of this origin brought something that builds on what the document has not seen. */
  readonly onGap: (origin: unknown) => void
}

/** What a document that was loaded came from. */
export interface Loaded {
  /** Entries that are in no snapshot. */
  readonly unsnapshotted: number
  /** Of the snapshot and of those entries. */
  readonly bytes: number
}

/** Entries and bytes since the last snapshot at which the next one is due, while open and when closing. */
const DUE = { entries: 500, bytes: 256 * 1024 }
const DUE_CLOSING = { entries: 100, bytes: 64 * 1024 }

/** An open document tied to its room's log: whatever changes the one is an entry of the other. */
export class RoomDocument {
  readonly doc: Y.Doc
  readonly log: RoomLog
  /** What the last snapshot takes, or what was loaded. */
  #stored: number
  #entriesSinceSnapshot: number
  #bytesSinceSnapshot = 0
  /** Something was refused for want of room: it is worth knowing soon how much there is. */
  #crowded = false

  /** Ties a document that already holds all of the log. */
  constructor(doc: Y.Doc, log: RoomLog, loaded: Loaded, events: RoomDocumentEvents) {
    this.doc = doc
    this.log = log
    this.#stored = loaded.bytes
    this.#entriesSinceSnapshot = loaded.unsnapshotted
    doc.on('update', (told: Uint8Array, origin: unknown, _doc: Y.Doc, transaction: Y.Transaction) => {
      this.#entriesSinceSnapshot += 1
      if (events.isLogged(origin)) {
        this.#bytesSinceSnapshot += told.length
        return
      }
      const bytes = loggedUpdate(told, transaction, events.incomingOf(origin))
      this.#bytesSinceSnapshot += bytes.length
      log.append({ actor: events.actorOf(origin), at: Date.now(), bytes })
    })
    doc.on('afterTransaction', ({ origin }: Y.Transaction) => {
      if (!hasPending(doc)) return
      dropPending(doc)
      events.onGap(origin)
    })
  }

  /** About what the document takes when it is encoded; exact after each snapshot. */
  get bytes(): number {
    return this.#stored + this.#bytesSinceSnapshot
  }

  /** Whether so many bytes more are within `max`. */
  fits(bytes: number, max: number): boolean {
    const fits = this.bytes + bytes <= max
    if (!fits) this.#crowded = true
    return fits
  }

  /**
   * Whether every transaction went through to its end, where Yjs tells of it. When a listener throws (another
   * extension's, before ours is asked), Yjs leaves the transaction where it was: the edit is applied and has no
   * entry, and no later one gets any. Not to be asked inside a transaction.
   */
  get intact(): boolean {
    return this.doc._transaction === null && this.doc._transactionCleanups.length === 0
  }

  /** Whether the document has all of these; what threw half-way has left it without. */
  reached(runs: readonly ClientRun[]): boolean {
    return runs.every(({ client, end }) => Y.getState(this.doc.store, client) >= end)
  }

  /** Whether the document has all of an update; of one that left something pending, what is missing may have come since. */
  holds(update: Incoming): boolean {
    return holds(this.doc, update)
  }

  snapshotDue(closing: boolean): boolean {
    if (this.log.behind) return false
    if (this.#crowded && this.#entriesSinceSnapshot > 0) return true
    const due = closing ? DUE_CLOSING : DUE
    return this.#entriesSinceSnapshot >= due.entries || this.#bytesSinceSnapshot >= due.bytes
  }

  /**
   * To be called as the document is encoded, in the same turn. Returns what is to be called when the snapshot
   * could not be saved: the next one is then due at once.
   */
  snapshotTaken(bytes: number): () => void {
    const before = {
      stored: this.#stored,
      entries: this.#entriesSinceSnapshot,
      bytes: this.#bytesSinceSnapshot,
    }
    this.#stored = bytes
    this.#crowded = false
    this.#entriesSinceSnapshot = 0
    this.#bytesSinceSnapshot = 0
    return () => {
      this.#stored = before.stored
      this.#entriesSinceSnapshot += before.entries
      this.#bytesSinceSnapshot += before.bytes
    }
  }
}
