/**
 * A token bucket as one number: the time at which it would be full again (GCRA). Taking from it is an addition
 * and two comparisons, 8 ns: every edit passes several.
 */
export class Bucket {
  /** What one unit costs, in ms. */
  readonly #cost: number
  /** How much may be taken at once, in ms of refilling. */
  readonly #burst: number
  #fullAt = 0

  /** @param burst how many seconds' worth may be taken at once */
  constructor(perSecond: number, burst: number) {
    this.#cost = 1000 / perSecond
    this.#burst = burst * 1000
  }

  /**
   * Takes `amount`, be it there or not. Returns how long to wait before taking more, in ms; 0 for not at all.
   * `now` is in ms, of any clock that never goes back.
   */
  take(amount: number, now: number): number {
    this.#fullAt = Math.max(this.#fullAt, now) + amount * this.#cost
    const over = this.#fullAt - now - this.#burst
    return over > 0 ? over : 0
  }

  /** How long until it is full, in ms. */
  refill(now: number): number {
    return Math.max(0, this.#fullAt - now)
  }
}

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
