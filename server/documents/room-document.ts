import type * as Y from 'yjs'
import type { RoomLog } from '../log/room-log.ts'
import { dropPending, hasPending } from './load.ts'

export interface RoomDocumentEvents {
  /** Who is answerable for a transaction of this origin. */
  readonly actorOf: (origin: unknown) => string
  /** A transaction of this origin brought something that builds on what the document has not seen. */
  readonly onGap: (origin: unknown) => void
}

/** Entries and bytes since the last snapshot at which the next one is due, while open and when closing. */
const DUE = { entries: 500, bytes: 256 * 1024 }
const DUE_CLOSING = { entries: 100, bytes: 64 * 1024 }

/** An open document tied to its room's log: whatever changes the one is an entry of the other. */
export class RoomDocument {
  readonly doc: Y.Doc
  readonly log: RoomLog
  #entriesSinceSnapshot: number
  #bytesSinceSnapshot = 0

  /** Ties a document that already holds all of the log; `unsnapshotted` entries of it are in no snapshot. */
  constructor(doc: Y.Doc, log: RoomLog, unsnapshotted: number, events: RoomDocumentEvents) {
    this.doc = doc
    this.log = log
    this.#entriesSinceSnapshot = unsnapshotted
    doc.on('update', (bytes: Uint8Array, origin: unknown) => {
      this.#entriesSinceSnapshot += 1
      this.#bytesSinceSnapshot += bytes.length
      log.append({ actor: events.actorOf(origin), at: Date.now(), bytes })
    })
    doc.on('afterTransaction', ({ origin }: Y.Transaction) => {
      if (!hasPending(doc)) return
      dropPending(doc)
      events.onGap(origin)
    })
  }

  snapshotDue(closing: boolean): boolean {
    if (this.log.interleaved) return false
    const due = closing ? DUE_CLOSING : DUE
    return this.#entriesSinceSnapshot >= due.entries || this.#bytesSinceSnapshot >= due.bytes
  }

  /** To be called as the document is encoded, in the same turn. */
  snapshotTaken(): void {
    this.#entriesSinceSnapshot = 0
    this.#bytesSinceSnapshot = 0
  }
}
