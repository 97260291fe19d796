import type pg from 'pg'
import type { Logger } from '../observe/log.ts'
import { numberArray } from '../storage/arrays.ts'
import { isStorageFailure } from '../storage/failure.ts'
import type { Seq } from './entry.ts'
import type { RoomLog } from './room-log.ts'

/** How often, in ms. */
const EVERY = 1_000
/**
 * What one question may take, in ms. A connection that is dead, and does not say so, keeps it until then: with the half a minute
 * that reads through the pool have, nothing of other nodes would be seen for as long. The pool drops it, and the next is another.
 */
const WITHIN = { query_timeout: 3_000 }

/**
 * Asks each second how far the rooms are that are open here, in one question: whatever other nodes have written is known
 * a second later, whether or not anything else has told of it.
 */
export class HeadWatch {
  readonly #pool: pg.Pool
  readonly #open: () => readonly RoomLog[]
  readonly #answered: (room: RoomLog, known: Seq, head: Seq) => void
  readonly #logger: Logger
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  /** @param answered hears how far a room is, and how far it was known to be when that was asked */
  constructor(
    pool: pg.Pool,
    open: () => readonly RoomLog[],
    answered: (room: RoomLog, known: Seq, head: Seq) => void,
    logger: Logger,
  ) {
    this.#logger = logger
    this.#pool = pool
    this.#open = open
    this.#answered = answered
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#ask()
        .catch((error: unknown) => {
          // While the database is away readiness says so, and the next question is for all that this one missed.
          if (!isStorageFailure(error)) this.#logger.error({ err: error }, 'heads of rooms could not be told')
        })
        .finally(() => {
          if (!this.#stopped) this.start()
        })
    }, EVERY)
    this.#timer.unref()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  async #ask(): Promise<void> {
    const asked = this.#open().map((room) => ({ room, known: room.known }))
    if (asked.length === 0) return
    const { rows } = await this.#pool.query<{ id: number; head: number | null }>({
      name: 'heads',
      text: `select id::float8 as id, case when deleted_at is null then head::float8 end as head
        from rooms where id = any($1::bigint[])`,
      values: [numberArray(asked.map(({ room }) => room.id))],
      ...WITHIN,
    })
    const heads = new Map(rows.map(({ id, head }) => [id, head]))
    for (const { room, known } of asked) {
      // Rows outlive their rooms, as tombstones: one that is not there is of what the database has lost.
      const head = heads.has(room.id) ? heads.get(room.id) : 0
      if (typeof head === 'number') this.#answered(room, known, head)
    }
  }
}
