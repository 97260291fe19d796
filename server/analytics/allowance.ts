import { Bucket } from '../bucket.ts'
import { type ErrorCode, SynclineError } from '../errors.ts'

/** Measures of one person in one room: steadily, and how many seconds' worth at once. */
const PER_SECOND = 1_000
const BURST = 10

/** How much somebody may still send, and how much was refused. */
export class Allowance {
  /** By room and person, which hold no line break. */
  readonly #buckets = new Map<string, Bucket>()
  #refused = new Map<string, Map<ErrorCode, number>>()

  /**
   * A batch is taken where there is anything left, and counts in full for what comes after it.
   * @throws SynclineError `rate-limited`
   */
  take(room: string, user: string, measures: number): void {
    const now = performance.now()
    const key = `${room}\n${user}`
    const bucket = this.#buckets.get(key) ?? new Bucket(PER_SECOND, BURST)
    const over = bucket.refill(now) - BURST * 1_000
    if (over > 0)
      throw new SynclineError('rate-limited', `${PER_SECOND} measures a second are taken of one person`, {
        retryAfter: Math.ceil(over / 1_000),
      })
    bucket.take(measures, now)
    this.#buckets.set(key, bucket)
  }

  /** Does what takes measures of a room: where that is too much at once, whoever says so, they count as refused. */
  async counting<Done>(room: string, measures: number, take: () => Promise<Done>): Promise<Done> {
    try {
      return await take()
    } catch (error) {
      if (error instanceof SynclineError && error.code === 'rate-limited')
        this.refused(room, error.code, measures)
      throw error
    }
  }

  /** So many measures of a room were refused. */
  refused(room: string, code: ErrorCode, measures: number): void {
    if (measures === 0) return
    const ofRoom = this.#refused.get(room) ?? new Map<ErrorCode, number>()
    this.#refused.set(room, ofRoom.set(code, (ofRoom.get(code) ?? 0) + measures))
  }

  /**
   * What was refused since the last time, by room; who has sent nothing for a while is forgotten.
   * @param not rooms of which it is kept, and added to, until it is asked for
   */
  drain(not: { has(room: string): boolean }): ReadonlyMap<string, ReadonlyMap<ErrorCode, number>> {
    const now = performance.now()
    for (const [key, bucket] of this.#buckets) if (bucket.refill(now) === 0) this.#buckets.delete(key)
    const refused = this.#refused
    this.#refused = new Map([...refused].filter(([room]) => not.has(room)))
    return new Map([...refused].filter(([room]) => !not.has(room)))
  }
}
