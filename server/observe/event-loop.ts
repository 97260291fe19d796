import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * How often it is looked at, in ms; a timer of this length measures itself, so that much is taken off. Each look wakes the
 * process: every 20 ms it was a quarter of what a node does while nothing happens.
 */
const RESOLUTION = 50

/** How late the event loop is: whoever looks is told of the time since they looked last. */
export class EventLoopDelay {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION })

  constructor() {
    this.#delays.enable()
  }

  /** In ms. */
  take(): { readonly median: number; readonly p99: number; readonly worst: number } {
    const taken = { median: this.#quantile(0.5), p99: this.#quantile(0.99), worst: this.#quantile(1) }
    this.#delays.reset()
    return taken
  }

  stop(): void {
    this.#delays.disable()
  }

  #quantile(share: number): number {
    // Of nothing there is no percentile.
    if (this.#delays.count === 0) return 0
    return Math.max(0, this.#delays.percentile(share * 100) / 1e6 - RESOLUTION)
  }
}
