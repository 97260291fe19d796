import type { Logger } from '../observe/log.ts'
import { Rounds } from '../rounds.ts'
import { bucketAt, TICK } from './widths.ts'

/** How long after its end a bucket is told, in ms: what was measured in it is on its way until then. */
const SETTLED = 1_000

export interface TickWork {
  /** A bucket has just ended; called at once, whatever is still being done. */
  sample(end: number): void
  /** After each sample. */
  record(): Promise<void>
  /** A bucket ended a moment ago. */
  tell(end: number): Promise<void>
}

/**
 * Calls at the end of each five seconds of the clock. What may take long is done one call at a time, each kind by itself, so that
 * a database that stands still keeps nothing from being measured; ends that pass meanwhile are one call together.
 */
export class Ticks {
  readonly #work: TickWork
  readonly #logger: Logger
  readonly #records: Rounds
  readonly #tells: Rounds
  /** The end of the last bucket that is to be told. */
  #settled = 0
  #timer: NodeJS.Timeout | undefined

  constructor(work: TickWork, logger: Logger) {
    this.#work = work
    this.#logger = logger
    this.#records = new Rounds(() => this.#try('record', () => work.record()))
    this.#tells = new Rounds(() => this.#try('tell', () => work.tell(this.#settled)))
  }

  start(): void {
    const end = bucketAt(Date.now(), 5) + TICK
    this.#at(end, () => {
      void this.#try('sample', () => this.#work.sample(end))
      this.#records.wake()
      this.#at(end + SETTLED, () => {
        this.#settled = end
        this.#tells.wake()
        this.start()
      })
    })
  }

  /** Resolves when nothing is done any more. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await Promise.all([this.#records, this.#tells].map((rounds) => rounds.close()))
  }

  #at(due: number, act: () => void): void {
    this.#timer = setTimeout(act, Math.max(0, due - Date.now())).unref()
  }

  /** What was not done or told is part of what is done next. */
  async #try(step: keyof TickWork, act: () => void | Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#logger.warn({ err: error, step }, 'analytics fell behind')
    }
  }
}
