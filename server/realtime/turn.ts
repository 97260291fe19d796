/** What one turn of the event loop may spend on edits, in ms. */
const BUDGET = 8

/**
 * Ends a turn of the event loop that has gone on for long. Hocuspocus works off what a connection has sent in
 * microtasks, so 20,000 small edits that came in one go kept everybody else waiting for seconds.
 */
export class Turn {
  #began: number | undefined

  /** A promise of the next turn, or undefined while this one is young. */
  over(): Promise<void> | undefined {
    const now = performance.now()
    if (this.#began === undefined) {
      this.#began = now
      setImmediate(() => {
        this.#began = undefined
      })
      return undefined
    }
    return now - this.#began < BUDGET ? undefined : new Promise((resolve) => setImmediate(resolve))
  }
}
