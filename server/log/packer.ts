import type pg from 'pg'
import type { Logger } from '../observe/log.ts'
import type { RoomId } from './entry.ts'
import { packRoom } from './pack.ts'
import type { RoomLog } from './room-log.ts'
import { SEGMENT_ENTRIES } from './segment-table.ts'

/** Packs rooms as they grow, one at a time, beside the editing. */
export class Packer {
  readonly #pool: pg.Pool
  readonly #logger: Logger
  readonly #wanted = new Set<RoomId>()
  #running: Promise<void> | undefined
  #closed = false

  constructor(pool: pg.Pool, logger: Logger) {
    this.#pool = pool
    this.#logger = logger
  }

  /** Packs this room each time it has grown by a segment. */
  watch(room: RoomLog): void {
    // A random start spreads the packing of rooms that grow in step.
    let grown = Math.floor(Math.random() * SEGMENT_ENTRIES)
    room.onCommit((commit) => {
      grown += commit.entries.length
      if (grown < SEGMENT_ENTRIES) return
      grown = 0
      this.#wanted.add(room.id)
      if (!this.#closed) this.#running ??= this.#run()
    })
  }

  /** Begins no other room. */
  stop(): void {
    this.#closed = true
  }

  async close(): Promise<void> {
    this.stop()
    await this.#running
  }

  async #run(): Promise<void> {
    for (const room of this.#wanted) {
      if (this.#closed) break
      this.#wanted.delete(room)
      try {
        await packRoom(this.#pool, room)
      } catch (error) {
        // Packing saves space and nothing else: the room's next segment tries again, from where this one stopped.
        this.#logger.warn({ err: error, roomId: room }, 'a room could not be packed')
      }
    }
    this.#running = undefined
  }
}
