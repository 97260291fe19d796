import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { Logger } from '../observe/log.ts'
import { Rounds } from '../rounds.ts'
import { isStorageFailure } from './failure.ts'

/** A row may be committed later than the time that it carries: so far back is looked again, in ms. */
export const OVERLAP = 60_000
/** What one question may take, in ms: over a connection that is dead, and does not say so, it is never answered. */
const WITHIN = { query_timeout: 5_000 }

/** Something that may be to be done, on any node, because of what the database says. */
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
 * Asks the database, in one question, about all that may be due. A question of each part's own, most of which are answered
 * with nothing, was most of what an idle node did: 15 of them a second.
 *
 * One lock holds up the question, and all that it is about. So what takes access away has a pulse of its own.
 */
export class Pulse {
  /** What it asks over, and those who read what is due. */
  readonly db: pg.Pool
  readonly #logger: Logger
  readonly #beat: number
  readonly #watched = new Set<Watched>()
  #question = { name: '', text: '' }
  #since = Number.NEGATIVE_INFINITY
  #heard = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  /** Which multiple of the beat it was asked at last: a timer may fire a little before its time, and then the same would come again. */
  #asked = 0
  #unanswered = false
  #stopped = false

  /** @param beat how often it is asked, in ms: pulses whose beats are multiples are asked together, since each waking of an idle process costs it */
  constructor(pool: pg.Pool, logger: Logger, beat: number) {
    this.db = pool
    this.#logger = logger
    this.#beat = beat
    this.#next()
  }

  /** When the database answered last, by `performance.now()`. */
  get heard(): number {
    return this.#heard
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

  /** Asks nothing more; resolves when nothing is done any more for any watch. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await Promise.all([...this.#watched].map((watched) => watched.close()))
  }

  #next(): void {
    if (this.#stopped) return
    const now = performance.now()
    this.#asked = Math.max(this.#asked, Math.floor(now / this.#beat)) + 1
    const ask = () => {
      this.#ask()
        .then(() => {
          this.#unanswered = false
        })
        .catch((error: unknown) => this.#failed(error))
        .finally(() => this.#next())
    }
    this.#timer = setTimeout(ask, Math.ceil(this.#asked * this.#beat - now)).unref()
  }

  /** The next question is about all that this one missed. One line for each time that the database is away. */
  #failed(error: unknown): void {
    if (this.#stopped || (this.#unanswered && isStorageFailure(error))) return
    this.#unanswered = true
    this.#logger.warn({ err: error }, 'the database does not say what is due; it is asked again')
  }

  /** Named by its text, so that it is prepared once for each set of watches. */
  #phrase(): void {
    const conditions = [...this.#watched].map(({ when }) => `(${when})`)
    const text = `select (extract(epoch from now()) - ${OVERLAP / 1000})::float8 as since, array[${conditions}]::bool[] as due
      from (select to_timestamp($1::float8) as since) asked`
    this.#question = { name: `due ${createHash('sha1').update(text).digest('hex')}`, text }
  }

  async #ask(): Promise<void> {
    const watched = [...this.#watched]
    if (watched.length === 0) return
    const { rows } = await this.db.query<{ since: number; due: readonly (boolean | null)[] }>({
      ...this.#question,
      values: [this.#since],
      ...WITHIN,
    })
    this.#heard = performance.now()
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
    this.#failed = false
    try {
      await this.#act()
    } catch (error) {
      this.#failed = true
      this.#logger.warn({ err: error }, 'what is due could not be done; it is tried again with the next beat')
    }
  }
}
