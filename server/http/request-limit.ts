import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { SynclineError } from '../errors.ts'

/** The window in which requests are counted, in seconds. */
const WINDOW = 10

/** Events that count for one request: those of a batch cost less than by themselves. */
const EVENTS_A_REQUEST = 10

/** Counts the requests of each address, upgrades to a WebSocket among them. */
export class RequestLimit {
  readonly #limiter: RateLimiterMemory
  readonly #requests: number

  /** @param requests how many an address may send in ten seconds */
  constructor(requests: number) {
    this.#requests = requests
    this.#limiter = new RateLimiterMemory({ points: requests, duration: WINDOW })
  }

  /** Why a request of that address must wait, or undefined where it need not. */
  async refusal(address: string): Promise<SynclineError | undefined> {
    try {
      await this.#limiter.consume(address)
      return undefined
    } catch (limit) {
      if (!(limit instanceof RateLimiterRes)) throw limit
      return tooMany(limit)
    }
  }

  /**
   * Counts the events of a request that was counted itself. A batch is taken where there is anything left, and
   * counts in full for what comes after it: one that is larger than the limit could otherwise never come.
   * @throws SynclineError `rate-limited`
   */
  async charge(address: string, events: number): Promise<void> {
    const points = Math.ceil(events / EVENTS_A_REQUEST) - 1
    const counted = await this.#limiter.penalty(address, points)
    if (counted.consumedPoints - points > this.#requests) throw tooMany(counted)
  }
}

const tooMany = ({ msBeforeNext }: RateLimiterRes): SynclineError =>
  new SynclineError('rate-limited', undefined, { retryAfter: Math.ceil(msBeforeNext / 1000) })
