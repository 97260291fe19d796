import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { SynclineError } from '../errors.ts'

/** The window in which requests are counted, in seconds. */
const WINDOW = 10

/** Counts the requests of each address, upgrades to a WebSocket among them. */
export class RequestLimit {
  readonly #limiter: RateLimiterMemory

  /** @param requests how many an address may send in ten seconds */
  constructor(requests: number) {
    this.#limiter = new RateLimiterMemory({ points: requests, duration: WINDOW })
  }

  /** Why a request of that address must wait, or undefined where it need not. */
  async refusal(address: string): Promise<SynclineError | undefined> {
    try {
      await this.#limiter.consume(address)
      return undefined
    } catch (limit) {
      if (!(limit instanceof RateLimiterRes)) throw limit
      const retryAfter = Math.ceil(limit.msBeforeNext / 1000)
      return new SynclineError('rate-limited', undefined, { retryAfter })
    }
  }
}
