import { within } from '../within.ts'

/** How long whoever asks waits, in ms: Prometheus itself gives up after ten seconds. */
const PATIENCE = 2_000

/** What the database is asked for at most so often, whoever wants to know it. */
export class Remembered<Answer> {
  readonly #kept: number
  readonly #ask: () => Promise<Answer>
  #asked = Number.NEGATIVE_INFINITY
  #answer: Promise<Answer | undefined> = Promise.resolve(undefined)

  /** @param kept for how long an answer counts, in ms */
  constructor(kept: number, ask: () => Promise<Answer>) {
    this.#kept = kept
    this.#ask = ask
  }

  /** Undefined where the database does not say; that it is away is for readiness to tell. */
  async get(): Promise<Answer | undefined> {
    const now = performance.now()
    if (now - this.#asked > this.#kept) {
      this.#asked = now
      this.#answer = this.#ask().catch(() => {
        this.#asked = Number.NEGATIVE_INFINITY
        return undefined
      })
    }
    const answer = this.#answer
    return (await within(PATIENCE, answer)) ? answer : undefined
  }
}
