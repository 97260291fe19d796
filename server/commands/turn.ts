import { setTimeout as pause } from 'node:timers/promises'

/** Waiting for conditions that other events bring about; ends for all who wait when one thing fails for good. */
export class Turn {
  #next = Promise.withResolvers<void>()
  #waiting = false
  readonly #abort = new AbortController()

  /** Something happened that somebody may be waiting for. */
  changed(): void {
    if (!this.#waiting) return
    this.#waiting = false
    this.#next.resolve()
    this.#next = Promise.withResolvers()
  }

  fail(error: Error): void {
    if (this.#abort.signal.aborted) return
    this.#abort.abort(error)
    this.changed()
  }

  async until(condition: () => boolean): Promise<void> {
    for (;;) {
      this.#abort.signal.throwIfAborted()
      if (condition()) return
      this.#waiting = true
      await this.#next.promise
    }
  }

  async pause(ms: number): Promise<void> {
    this.#abort.signal.throwIfAborted()
    if (ms >= 1) await pause(ms)
  }
}
