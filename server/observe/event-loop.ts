import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

/**
 * How often it is looked at, in ms. Each look wakes the process, which takes 0.04 ms of it: two that looked every 50 ms,
 * as `monitorEventLoopDelay` does, were a fifth of what a node does while nothing happens.
 */
const RESOLUTION = 200

/** In ms. */
export interface Delay {
  readonly median: number
  readonly p99: number
  readonly worst: number
}

/** How late the event loop is: how late a timer is. */
export class EventLoopDelay {
  /** In µs, since each was asked last. */
  readonly #seen: RecordableHistogram[] = []
  readonly #timer: NodeJS.Timeout
  #due = performance.now() + RESOLUTION

  constructor() {
    this.#timer = setInterval(() => this.#look(), RESOLUTION).unref()
  }

  /** Returns what tells of the time since it was called last. */
  teller(): () => Delay {
    const seen = createHistogram()
    this.#seen.push(seen)
    const quantile = (share: number) => (seen.count === 0 ? 0 : seen.percentile(share * 100) / 1000)
    return () => {
      const delay = { median: quantile(0.5), p99: quantile(0.99), worst: quantile(1) }
      seen.reset()
      return delay
    }
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const now = performance.now()
    const late = Math.round((now - this.#due) * 1000)
    for (const seen of this.#seen) {
      // A histogram knows nothing below 1.
      seen.record(Math.max(1, late))
      // Each look that fell out meanwhile would have been late, too.
      for (let missed = late - RESOLUTION * 1000; missed > 0; missed -= RESOLUTION * 1000) seen.record(missed)
    }
    this.#due = now + RESOLUTION
  }
}
