import type pg from 'pg'
import type { Logger } from '../observe/log.ts'
import type { HeldRooms } from './held-rooms.ts'
import { LaneLedger } from './lane-ledger.ts'
import type { RoomLog } from './room-log.ts'
import { headsOf } from './rooms.ts'
import { tellAll } from './tell-all.ts'

/**
 * Holds what the database answers against what is known of it. Where it has not got that any more, it has gone back: a
 * standby without the last commits was promoted, or a backup restored.
 */
export class Lookout {
  readonly ledger = new LaneLedger()
  readonly #pool: pg.Pool
  readonly #rooms: HeldRooms
  readonly #logger: Logger
  readonly #listeners = new Set<() => void>()

  constructor(pool: pg.Pool, rooms: HeldRooms, logger: Logger) {
    this.#pool = pool
    this.#rooms = rooms
    this.#logger = logger
  }

  onGoneBack(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /**
   * What this node has of any room may be more than its log, which goes on from where it is: all of them are opened
   * anew, and whoever comes back brings what the database has lost.
   */
  wentBack(): void {
    this.#logger.error(
      { rooms: this.#rooms.all.length },
      'the database has gone back; all rooms are opened anew, and devices bring what it has lost',
    )
    this.ledger.clear()
    this.#rooms.endAll('storage-unavailable')
    tellAll(this.#listeners, (listener) => listener())
  }

  /** Looks up how far these rooms are, within so many ms, or as the pool has it. */
  async look(rooms: readonly RoomLog[], within?: number): Promise<void> {
    const { era, marks } = this.ledger
    const asked = rooms.map((room) => ({ room, known: room.known }))
    const { heads, lanes } = await headsOf(this.#pool, rooms, marks, within)
    if (era !== this.ledger.era) return
    const lacks = this.ledger.lacks(marks, lanes)
    const behind = asked.some(
      ({ room, known }) => room.ended === undefined && (heads.get(room.id) ?? known) < known,
    )
    if (lacks || behind) {
      this.wentBack()
      return
    }
    this.ledger.read(lanes)
    for (const room of rooms) room.heard(heads.get(room.id) ?? room.known)
  }

  /** What was answered without the database going back meanwhile. */
  async inOneEra<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    for (;;) {
      const { era } = this.ledger
      const answer = await ask()
      if (era === this.ledger.era) return answer
    }
  }
}
