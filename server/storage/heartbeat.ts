import type pg from 'pg'

/** How often the database is asked whether it is there, and how long it may take to answer, in ms. */
const INTERVAL = 1_000
const PATIENCE = 3_000
/** On a connection that is dead, and does not say so, it would else be waited for long after another one could answer it. */
const QUESTION = { text: 'select 1', query_timeout: PATIENCE }

/** Whether the database answers, known without asking: one small query in each second in which it has answered nothing else, one at a time. */
export class Heartbeat {
  readonly #pool: pg.Pool
  readonly #heard: () => number
  readonly #timer: NodeJS.Timeout
  #askedAt: number | undefined
  #alive = true

  /** @param heard when it last answered something else that the pool was asked, by `performance.now()` */
  constructor(pool: pg.Pool, heard: () => number) {
    this.#pool = pool
    this.#heard = heard
    this.#timer = setInterval(() => this.#ask(), INTERVAL)
    this.#timer.unref()
  }

  get alive(): boolean {
    return this.#alive && (this.#askedAt === undefined || performance.now() - this.#askedAt < PATIENCE)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #ask(): void {
    if (this.#askedAt !== undefined) return
    if (performance.now() - this.#heard() < INTERVAL) {
      this.#alive = true
      return
    }
    this.#askedAt = performance.now()
    const answered = (alive: boolean) => {
      this.#alive = alive
      this.#askedAt = undefined
    }
    this.#pool.query(QUESTION).then(
      () => answered(true),
      () => answered(false),
    )
  }
}
