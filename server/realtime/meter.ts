import type { Brake } from './brake.ts'
import { Pace, type PaceLimits } from './pace.ts'

/** Messages and bytes that are counted together: reading the clock costs more than all else that is done for one. */
const COUNTED_MESSAGES = 16
const COUNTED_BYTES = 64 * 1024

/** What one WebSocket asks of the server. It is read from more slowly where that is too much, never cut off for it. */
export class Meter {
  readonly #brake: Brake
  /** Called the first time that it is slowed down, with what there was too much of. */
  readonly #slowed: (limit: string) => void
  /** Its own and its person's; none where an administrator imports, or replays a year in a minute. */
  #paces: readonly Pace[]
  #told = false
  /** What has come since it was last counted. */
  #messages = 0
  #bytes = 0

  constructor(limits: PaceLimits, brake: Brake, slowed: (limit: string) => void) {
    this.#brake = brake
    this.#slowed = slowed
    this.#paces = [new Pace(limits)]
  }

  /** It is somebody's: what all of their WebSockets ask is counted together. */
  belongs(person: Pace): void {
    if (this.#paces.length === 1) this.#paces = [...this.#paces, person]
  }

  unlimited(): void {
    this.#paces = []
  }

  /** The same as so many messages, counted with what comes next: by then it is known whose it is. */
  note(messages: number): void {
    this.#messages += messages
  }

  /** What it asks for takes as much of the server as so many messages and bytes. */
  charge(messages: number, bytes: number): void {
    this.#messages += messages
    this.#bytes += bytes
    if (this.#messages >= COUNTED_MESSAGES || this.#bytes >= COUNTED_BYTES) this.#count()
  }

  /** So much time of a processor was spent on what it sent, in ms. */
  applied(ms: number, now: number): void {
    let over = 0
    for (const pace of this.#paces) over = Math.max(over, pace.applied(ms, now))
    if (over > 0) this.#slowDown(over, 'applying')
  }

  #count(): void {
    const now = performance.now()
    let over = 0
    for (const pace of this.#paces) over = Math.max(over, pace.received(this.#messages, this.#bytes, now))
    this.#messages = 0
    this.#bytes = 0
    if (over > 0) this.#slowDown(over, 'messages')
  }

  #slowDown(ms: number, limit: string): void {
    this.#brake.rest(ms)
    if (this.#told) return
    this.#told = true
    this.#slowed(limit)
  }
}
