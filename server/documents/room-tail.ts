import * as Y from 'yjs'
import { type ErrorCode, SynclineError } from '../errors.ts'
import { isEvent, type NewEntry } from '../log/entry.ts'
import type { Log } from '../log/log.ts'
import { type Run, startOf } from '../log/room-feed.ts'
import type { RoomLog } from '../log/room-log.ts'

/** After what could not be read, in ms. */
const AGAIN = 1_000

/**
 * What one question to the log may take, in ms: at first no more than a connection is worth that may be dead without saying so,
 * and each time twice as much, since there may be much to be read.
 */
const WITHIN = { first: 3_000, longest: 30_000 }

/** The log has not got any more what is missing, as one entry after the other: the document is to be loaded anew. */
const GONE: ReadonlySet<ErrorCode> = new Set(['position-gone', 'room-damaged'])

type Applied = Pick<NewEntry, 'bytes' | 'at'>

export interface RoomTailOptions {
  readonly log: Log
  readonly room: RoomLog
  readonly doc: Y.Doc
  /** Of the transactions that bring other nodes' entries. */
  readonly origin: unknown
  /** What is in the log cannot be read now; it is tried again. */
  readonly unread: (error: unknown) => void
  /** What is in the log cannot be applied: the document is not what its log makes. */
  readonly broken: (error: unknown) => void
  /** Hears how long an entry was on its way here that waited longest of those applied together, in ms. */
  readonly lagged: (ms: number) => void
}

/**
 * Keeps an open document up with what other nodes write into its room. Each of them writes what it holds, and no more
 * than what is committed leaves a node: so every entry builds on those before it, and is applied in the order of the log.
 * Our own among them change nothing the second time.
 */
export class RoomTail {
  readonly #options: RoomTailOptions
  readonly #stop: () => void
  #reading = false
  #within = WITHIN.first
  #stopped = false
  #again: NodeJS.Timeout | undefined

  constructor(options: RoomTailOptions) {
    this.#options = options
    this.#stop = options.room.follow({ next: (run) => this.#next(run), missed: () => this.#wake() })
    if (options.room.behind) this.#wake()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#again)
    this.#stop()
  }

  #next(run: Run): void {
    const { room } = this.#options
    // What is being read, or was, has it.
    if (this.#reading || run.lastSeq <= room.integrated) return
    if (room.integrated + 1 < startOf(run)) {
      this.#wake()
      return
    }
    const others = run.own ? [] : run.entries.filter(({ event }) => event === undefined)
    if (this.#apply(others)) room.integratedUpTo(run.lastSeq)
  }

  #wake(): void {
    if (this.#reading || this.#stopped) return
    this.#reading = true
    this.#catchUp().catch((error: unknown) => {
      this.#reading = false
      if (error instanceof SynclineError && GONE.has(error.code)) {
        this.#options.broken(error)
        return
      }
      this.#within = Math.min(this.#within * 2, WITHIN.longest)
      this.#options.unread(error)
      if (!this.#stopped) this.#again = setTimeout(() => this.#wake(), AGAIN).unref()
    })
  }

  async #catchUp(): Promise<void> {
    const { log, room } = this.#options
    while (room.behind && !this.#stopped) {
      const until = room.known
      const missed: Applied[] = []
      for await (const entry of log.edits(room.id, room.integrated, until, this.#within))
        if (!isEvent(entry)) missed.push(entry)
      if (this.#stopped || !this.#apply(missed)) return
      room.integratedUpTo(until)
    }
    this.#within = WITHIN.first
    // Still the turn in which nothing was missing: what comes next is told.
    this.#reading = false
  }

  #apply(entries: readonly Applied[]): boolean {
    const { doc, origin, broken, lagged } = this.#options
    const [first] = entries
    if (first === undefined) return true
    try {
      doc.transact(() => {
        for (const { bytes } of entries) Y.applyUpdate(doc, bytes, origin)
      }, origin)
    } catch (error) {
      broken(error)
      return false
    }
    // The clocks of two nodes differ by some ms.
    lagged(Math.max(0, Date.now() - first.at))
    return true
  }
}
