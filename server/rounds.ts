/** Does a piece of work whenever it is woken, one round at a time; woken meanwhile, it goes round once more. */
export class Rounds {
  readonly #round: () => Promise<void>
  #running: Promise<void> | undefined
  #again = false
  #closed = false

  /** @param round never rejects */
  constructor(round: () => Promise<void>) {
    this.#round = round
  }

  wake(): void {
    this.#again = true
    if (!this.#closed) this.#running ??= this.#run()
  }

  /** Begins no other round; resolves when the one that runs is over. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false
      await this.#round()
    }
    this.#running = undefined
  }
}
