import type { Logger } from './observe/log.ts'

/** How often, in ms. */
const EVERY = 60 * 60 * 1000
/** After the start, in ms: those who come back to a node that has just started come first. */
const FIRST = 5_000

/** A piece of work that begins where the last one stopped; it looks at the signal between two rooms. */
type Task = (signal: AbortSignal) => Promise<unknown>
export type Tasks = Readonly<Record<string, Task>>

/**
 * Work that has all the time in the world: done some seconds after the start, and then every hour, one task after the other: what
 * may take hours stands in a chain of its own, or the others would wait for it. What fails is told in the log, and tried again
 * at the next hour.
 */
export class Housekeeping {
  readonly #logger: Logger
  readonly #tasks: Tasks
  readonly #stop = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined

  constructor(logger: Logger, tasks: Tasks) {
    this.#logger = logger
    this.#tasks = tasks
  }

  start(): void {
    this.#next(FIRST)
  }

  /** Begins nothing new; resolves when the task that runs has come to rest. */
  async close(): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#timer)
    await this.#running
  }

  #next(after: number): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#round().finally(() => {
        if (!this.#stop.signal.aborted) this.#next(EVERY)
      })
    }, after).unref()
  }

  async #round(): Promise<void> {
    for (const [name, task] of Object.entries(this.#tasks)) {
      if (this.#stop.signal.aborted) break
      try {
        await task(this.#stop.signal)
      } catch (error) {
        if (this.#stop.signal.aborted) break
        this.#logger.warn({ err: error, task: name }, 'housekeeping failed; the next round tries again')
      }
    }
  }
}
