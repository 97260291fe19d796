import type { Logger } from '../observe/log.ts'
import { isStorageFailure } from '../storage/failure.ts'
import type { Log } from './log.ts'

/** How often, in ms. */
const EVERY = 1_000
/**
 * What one question may take, in ms. A connection that is dead, and does not say so, keeps it until then: with the half a minute
 * that reads through the pool have, nothing of other nodes would be seen for as long. The pool drops it, and the next is another.
 */
const WITHIN = 3_000

/**
 * Asks each second how far the rooms are that are open here, in one question: whatever other nodes have written is known
 * a second later, whether or not anything else has told of it, and so is that the database has gone back.
 */
export class HeadWatch {
  readonly #log: Pick<Log, 'refreshAll'>
  readonly #logger: Logger
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(log: Pick<Log, 'refreshAll'>, logger: Logger) {
    this.#log = log
    this.#logger = logger
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#log
        .refreshAll(WITHIN)
        .catch((error: unknown) => {
          // While the database is away readiness says so, and the next question is for all that this one missed.
          if (!isStorageFailure(error)) this.#logger.error({ err: error }, 'heads of rooms could not be told')
        })
        .finally(() => {
          if (!this.#stopped) this.start()
        })
    }, EVERY)
    this.#timer.unref()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }
}
