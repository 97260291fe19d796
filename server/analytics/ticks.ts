import type { Logger } from '../observe/log.ts'
import { bucketAt, TICK } from './widths.ts'

/** How long after its end a bucket is looked at, in ms: what was measured in it is on its way until then. */
const SETTLED = 1_000

export interface TickWork {
  /** A bucket has just ended; called at once. */
  ended(end: number): Promise<void>
  /** A bucket ended a moment ago. */
  settled(end: number): Promise<void>
}

/** Calls at the end of each five seconds of the clock, one call at a time; a bucket whose turn is past is passed over. */
export class Ticks {
  readonly #work: TickWork
  readonly #logger: Logger
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(work: TickWork, logger: Logger) {
    this.#work = work
    this.#logger = logger
  }

  start(): void {
    const now = Date.now()
    this.#at(bucketAt(now, 5) + TICK, 'ended')
  }

  /** Resolves when nothing is done any more. */
  async close(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #at(end: number, step: keyof TickWork): void {
    const due = step === 'ended' ? end : end + SETTLED
    this.#timer = setTimeout(
      () => {
        this.#running = this.#work[step](end)
          // What was not done or told is part of what the next tick does.
          .catch((error: unknown) => this.#logger.warn({ err: error, step }, 'analytics fell behind'))
          .then(() => {
            if (this.#stopped) return
            if (step === 'ended') this.#at(end, 'settled')
            else this.start()
          })
      },
      Math.max(0, due - Date.now()),
    ).unref()
  }
}
