import { Bucket } from '../bucket.ts'

export interface PaceLimits {
  readonly messagesPerSecond: number
  readonly bytesPerSecond: number
  readonly applyPerSecond: number
}

/** What a person's WebSockets may have together, as a multiple of what one may. */
const USER_SHARE = 4
/** How many seconds' worth may come at once. */
const BURST = 10
/** The same for applying: a day's offline edits come as one update, and take a fraction of it. */
const APPLY_BURST = 20

/** How much a WebSocket, or all of a person's together, may ask of the server. Each answer is a time to wait, in ms. */
export class Pace {
  readonly #messages: Bucket
  readonly #bytes: Bucket
  readonly #applying: Bucket

  constructor({ messagesPerSecond, bytesPerSecond, applyPerSecond }: PaceLimits, share = 1) {
    this.#messages = new Bucket(messagesPerSecond * share, BURST)
    this.#bytes = new Bucket(bytesPerSecond * share, BURST)
    this.#applying = new Bucket(applyPerSecond * share, APPLY_BURST)
  }

  static ofUser(limits: PaceLimits): Pace {
    return new Pace(limits, USER_SHARE)
  }

  received(messages: number, bytes: number, now: number): number {
    return Math.max(this.#messages.take(messages, now), this.#bytes.take(bytes, now))
  }

  applied(ms: number, now: number): number {
    return this.#applying.take(ms, now)
  }

  /** When nothing would be remembered by keeping it, in ms from now. */
  refill(now: number): number {
    return Math.max(this.#messages.refill(now), this.#bytes.refill(now), this.#applying.refill(now))
  }
}
