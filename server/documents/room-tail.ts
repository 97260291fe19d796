import * as Y from 'yjs'
import type { Log } from '../log/log.ts'
import type { RoomLog } from '../log/room-log.ts'
import { readTail } from './load.ts'

export interface RoomTailOptions {
  readonly log: Log
  readonly room: RoomLog
  readonly doc: Y.Doc
  /** Of the transactions that bring other nodes' entries. */
  readonly origin: unknown
  /** What is in the log cannot be read now; it is asked for again with the next thing that is heard of. */
  readonly unread: (error: unknown) => void
  /** What is in the log cannot be applied: the document is not what its log makes. */
  readonly broken: (error: unknown) => void
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
  #stopped = false

  constructor(options: RoomTailOptions) {
    this.#options = options
    this.#stop = options.room.onBehind(() => this.#wake())
    if (options.room.behind) this.#wake()
  }

  stop(): void {
    this.#stopped = true
    this.#stop()
  }

  #wake(): void {
    if (this.#reading) return
    this.#reading = true
    this.#catchUp().then(
      () => {
        this.#reading = false
      },
      (error: unknown) => {
        this.#reading = false
        this.#options.unread(error)
      },
    )
  }

  async #catchUp(): Promise<void> {
    const { log, room } = this.#options
    while (room.behind && !this.#stopped) {
      const until = room.known
      const updates = await readTail(log, room, { after: room.integrated, until })
      if (this.#stopped || !this.#apply(updates)) return
      room.integratedUpTo(until)
    }
  }

  #apply(updates: readonly Uint8Array[]): boolean {
    const { doc, origin, broken } = this.#options
    try {
      doc.transact(() => {
        for (const update of updates) Y.applyUpdate(doc, update, origin)
      }, origin)
      return true
    } catch (error) {
      broken(error)
      return false
    }
  }
}
