import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { z } from 'zod'
import type { Bus } from '../bus.ts'
import { SynclineError } from '../errors.ts'
import { Topic } from '../nodes/topic.ts'

/** The window in which requests are counted, in seconds. */
const WINDOW = 10

/** Events that count for one request: those of a batch cost less than by themselves. */
const EVENTS_A_REQUEST = 10

/** How long requests are gathered before other nodes are told of them, in ms. */
const GATHER = 250
/** Addresses that one message names. */
const PART = 500

/** Addresses, with how many requests of each have come to a node since it told last. */
const countedSchema = z.array(z.tuple([z.string(), z.number().positive().max(1e9)])).max(PART)

/**
 * Counts the requests of each address, upgrades to a WebSocket among them. Those that came to other nodes count as they
 * are told of, a quarter of a second later: what an address sends to n nodes within that is counted n times from one.
 */
export class RequestLimit {
  readonly #limiter: RateLimiterMemory
  readonly #requests: number
  readonly #bus: Bus | undefined
  readonly #topic: Topic<z.infer<typeof countedSchema>> | undefined
  #counted = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined

  /**
   * @param requests how many an address may send in ten seconds
   * @param bus to the other nodes, where there are any
   */
  constructor(requests: number, bus?: Bus) {
    this.#requests = requests
    this.#limiter = new RateLimiterMemory({ points: requests, duration: WINDOW })
    this.#bus = bus
    this.#topic = bus && new Topic(bus, 'requests', countedSchema)
    this.#topic?.subscribe((_from, counted) => {
      for (const [address, points] of counted) void this.#limiter.penalty(address, points)
    })
  }

  /** Why a request of that address must wait, or undefined where it need not. */
  async refusal(address: string): Promise<SynclineError | undefined> {
    this.#tell(address, 1)
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
    this.#tell(address, points)
    const counted = await this.#limiter.penalty(address, points)
    if (counted.consumedPoints - points > this.#requests) throw tooMany(counted)
  }

  /** The other nodes are told of so many more, in a moment. */
  #tell(address: string, points: number): void {
    if (points === 0 || !this.#bus?.connected) return
    this.#counted.set(address, (this.#counted.get(address) ?? 0) + points)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const counted = [...this.#counted]
      this.#counted = new Map()
      for (let from = 0; from < counted.length; from += PART) {
        this.#topic?.publish(counted.slice(from, from + PART))
      }
    }, GATHER).unref()
  }
}

const tooMany = ({ msBeforeNext }: RateLimiterRes): SynclineError =>
  new SynclineError('rate-limited', undefined, { retryAfter: Math.ceil(msBeforeNext / 1000) })
