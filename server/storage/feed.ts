/** How often a table is asked for what is new, in ms: what one node writes, all know within a second. */
const POLL = 400
/** A row is seen when it is committed, which may be later than its `at`: so far back is asked again, in ms. */
const OVERLAP = 60_000

/**
 * Tells this node, row by row, what any node writes into a table. While the database is away nothing comes; then
 * comes all that was missed.
 */
export class Feed<Row extends { readonly at: number }> {
  readonly #since: (at: number) => Promise<readonly Row[]>
  readonly #learn: (row: Row) => void
  /** What the last question gave: it is not told again while it is asked for again. */
  #given: ReadonlySet<string> = new Set()
  #newest = 0
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  /** @param since reads the rows whose `at` (ms since the epoch, by the database's clock) is later, oldest first */
  constructor(since: (at: number) => Promise<readonly Row[]>, learn: (row: Row) => void) {
    this.#since = since
    this.#learn = learn
  }

  /** Tells of all there are, and from then on of what is new. */
  async start(): Promise<void> {
    await this.#ask()
    this.#poll()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  #poll(): void {
    this.#timer = setTimeout(() => {
      const again = () => {
        if (!this.#stopped) this.#poll()
      }
      // A database that is away is told of by readiness; the next question is for all that this one missed.
      this.#ask().then(again, again)
    }, POLL)
    this.#timer.unref()
  }

  async #ask(): Promise<void> {
    const rows = await this.#since(this.#newest - OVERLAP)
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
