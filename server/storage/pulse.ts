import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { Logger } from '../observe/log.ts'
import { Rounds } from '../rounds.ts'
import { isStorageFailure } from './failure.ts'

/** How often it is asked, in ms: what one node writes, all know within a second. */
const BEAT = 500
/** A row may be committed later than the time that it carries: so far back is looked again, in seconds. */
const OVERLAP = 60
const NEXT_BEAT = 'what is due could not be done; it is tried again with the next beat'

/** Something that is to be done, by any node, once the database says so. */
export interface Watch {
  /**
   * A condition in SQL, without parameters, that an index answers however much there is: it is asked all the time. In it
   * `asked.since` is a minute before it was asked last, by the database's clock.
   */
  readonly when: string
  /** Called where it holds, one call at a time. What it rejects with is logged, and it is called again with the next beat. */
  readonly act: () => Promise<void>
}

/**
 * Asks the database twice a second, in one question, about all that may be due. A question of each part's own, most of
 * which are answered with nothing, was most of what an idle node did: 15 of them a second.
 */
export class Pulse {
  readonly #pool: pg.Pool
  readonly #logger: Logger
  readonly #watched = new Set<Watched>()
  #question = { name: '', text: '' }
  #since = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(pool: pg.Pool, logger: Logger) {
    this.#pool = pool
    this.#logger = logger
    this.#next()
  }

  /** Returns what ends it: it resolves when nothing is done for this watch any more. */
  watch(watch: Watch): () => Promise<void> {
    const watched = new Watched(watch, this.#logger)
    this.#watched.add(watched)
    this.#phrase()
    return () => {
      this.#watched.delete(watched)
      this.#phrase()
      return watched.close()
    }
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #next(): void {
    if (this.#stopped) return
    this.#timer = setTimeout(() => {
      this.#ask()
        .catch((error: unknown) => {
          // While the database is away readiness says so, and the next question is about all that this one missed.
          if (!isStorageFailure(error)) this.#logger.error({ err: error }, 'what is due cannot be asked')
        })
        .finally(() => this.#next())
    }, BEAT)
    this.#timer.unref()
  }

  /** Named by its text, so that it is prepared once for each set of watches. */
  #phrase(): void {
    const conditions = [...this.#watched].map(({ when }) => `(${when})`)
    const text = `select (extract(epoch from now()) - ${OVERLAP})::float8 as since, array[${conditions}]::bool[] as due
      from (select to_timestamp($1::float8) as since) asked`
    this.#question = { name: `due ${createHash('sha1').update(text).digest('hex')}`, text }
  }

  async #ask(): Promise<void> {
    const watched = [...this.#watched]
    if (watched.length === 0) return
    const { rows } = await this.#pool.query<{ since: number; due: readonly (boolean | null)[] }>({
      ...this.#question,
      values: [this.#since],
    })
    for (const { since, due } of rows) {
      this.#since = since
      for (const [place, each] of watched.entries()) each.told(due[place] === true)
    }
  }
}

class Watched {
  readonly when: string
  readonly #act: Watch['act']
  readonly #logger: Logger
  readonly #rounds = new Rounds(() => this.#round())
  #failed = false

  constructor({ when, act }: Watch, logger: Logger) {
    this.when = when
    this.#act = act
    this.#logger = logger
  }

  told(due: boolean): void {
    if (due || this.#failed) this.#rounds.wake()
  }

  close(): Promise<void> {
    return this.#rounds.close()
  }

  async #round(): Promise<void> {
    try {
      await this.#act()
      this.#failed = false
    } catch (error) {
      this.#failed = true
      if (!isStorageFailure(error)) this.#logger.warn({ err: error }, NEXT_BEAT)
    }
  }
}
