import type { Wire } from './wire.ts'

/** Shorter rests are not worth their timer, longer ones would look like a dead connection to either side; in ms. */
const SHORTEST = 20
const LONGEST = 5_000

/** Stops reading from a WebSocket, for as long as any of several reasons holds. */
export class Brake {
  readonly #wire: Pick<Wire, 'pause' | 'resume'>
  #timer: NodeJS.Timeout | undefined
  #until = 0
  #reasons = 0

  constructor(wire: Pick<Wire, 'pause' | 'resume'>) {
    this.#wire = wire
  }

  /** Rests so long, in ms. What was read already is still handled, and may make it longer. */
  rest(ms: number): void {
    const now = performance.now()
    this.#until = Math.max(this.#until, now + Math.min(LONGEST, Math.max(SHORTEST, ms)))
    if (this.#timer !== undefined) return
    this.#hold()
    this.#wait(this.#until - now)
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      const left = this.#until - performance.now()
      if (left > 1) {
        this.#wait(left)
        return
      }
      this.#timer = undefined
      this.#let()
    }, ms)
    this.#timer.unref()
  }

  /** Rests until the promise has settled. */
  async restUntil(settled: Promise<unknown>): Promise<void> {
    this.#hold()
    await Promise.allSettled([settled])
    this.#let()
  }

  /** Lets go for good: the WebSocket is being closed, and its last messages must be read. */
  release(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#reasons > 0) this.#wire.resume()
    this.#reasons = 0
  }

  #hold(): void {
    this.#reasons += 1
    if (this.#reasons === 1) this.#wire.pause()
  }

  #let(): void {
    if (this.#reasons === 0) return
    this.#reasons -= 1
    if (this.#reasons === 0) this.#wire.resume()
  }
}
