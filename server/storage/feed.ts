import { OVERLAP, type Pulse } from './pulse.ts'
import type { Queryable } from './transaction.ts'

export interface FeedSource<Row> {
  /**
   * The newest `at` there is, in SQL: a question that an index answers. Whoever writes a row commits it well before OVERLAP has
   * passed since its `at`, or it is never told: what follows events does so in half of it.
   */
  readonly newest: string
  /** Reads the rows whose `at` (ms since the epoch, by the database's clock) is later, oldest first. */
  readonly since: (db: Queryable, at: number) => Promise<readonly Row[]>
}

/**
 * Tells this node, row by row, what any node writes into a table, within a second. While the database is away nothing
 * comes; then comes all that was missed.
 */
export class Feed<Row extends { readonly at: number }> {
  readonly #source: FeedSource<Row>
  readonly #learn: (row: Row) => void
  /** What the last question gave: it is not told again while it is asked for again. */
  #given: ReadonlySet<string> = new Set()
  #newest = 0

  constructor(source: FeedSource<Row>, learn: (row: Row) => void) {
    this.#source = source
    this.#learn = learn
  }

  /**
   * Tells of all there are, and from then on, until the pulse stops, of what is new.
   * @param db for the first question, of which the answer may be long
   */
  async start(pulse: Pulse, db: Queryable): Promise<void> {
    await this.#ask(db)
    pulse.watch({ when: `(${this.#source.newest}) > asked.since`, act: () => this.#ask(pulse.db) })
  }

  async #ask(db: Queryable): Promise<void> {
    const rows = await this.#source.since(db, this.#newest - OVERLAP)
    const known = this.#given
    const given = new Set<string>()
    this.#given = given
    for (const row of rows) {
      const key = JSON.stringify(row)
      given.add(key)
      this.#newest = Math.max(this.#newest, row.at)
      if (!known.has(key)) this.#learn(row)
    }
  }
}
