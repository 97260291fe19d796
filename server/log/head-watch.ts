import type pg from 'pg'
import type { Logger } from '../observe/log.ts'
import { numberArray } from '../storage/arrays.ts'
import { isStorageFailure } from '../storage/failure.ts'
import type { RoomId, Seq } from './entry.ts'

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
  readonly #open: () => readonly RoomId[]
  readonly #heard: (room: RoomId, head: Seq) => void
  readonly #logger: Logger
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(
    pool: pg.Pool,
    open: () => readonly RoomId[],
    heard: (room: RoomId, head: Seq) => void,
    logger: Logger,
  ) {
    this.#logger = logger
    this.#pool = pool
    this.#open = open
    this.#heard = heard
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
    const rooms = this.#open()
    if (rooms.length === 0) return
    const { rows } = await this.#pool.query<{ id: number; head: number }>({
      name: 'heads',
      text: 'select id::float8 as id, head::float8 as head from rooms where id = any($1::bigint[])',
      values: [numberArray(rooms)],
      ...WITHIN,
    })
    for (const { id, head } of rows) this.#heard(id as RoomId, head)
  }
}
