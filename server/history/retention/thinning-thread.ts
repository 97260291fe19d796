import { once } from 'node:events'
import { extname } from 'node:path'
import { getHeapStatistics } from 'node:v8'
import { WORKER_LIMITS } from '../workers/history-worker.ts'
import { startThread, type Thread } from '../workers/thread.ts'
import type { MergedGroup } from './thinning.ts'
import type { Answer, Question } from './thinning-worker.ts'

/** The sources run as they are, and so does what was built from them. */
const PROGRAM = new URL(`./thinning-worker${extname(import.meta.filename)}`, import.meta.url)

/** In MiB. The document stands there three times: twice what reading it may take, and no more than this process itself. */
const MEMORY = Math.min(2 * WORKER_LIMITS.memory, Math.floor(getHeapStatistics().heap_size_limit / 2 ** 20))

/** The longest that an answer may take, in ms. A thousand positions of a large document are checked in a minute. */
const ANSWER_WITHIN = 10 * 60 * 1000

export interface ThinningThreadOptions {
  /** Ends what is being asked. */
  readonly signal?: AbortSignal | undefined
  /** The longest that an answer may take, in ms; ten minutes where nothing is said. */
  readonly answerWithin?: number | undefined
  /** What the thread may take in memory, in MiB; 2 GiB where nothing is said, and this process may take as much. */
  readonly memory?: number | undefined
  /** What the thread runs; that which thins where none is given. */
  readonly program?: URL | undefined
}

/** `Thinning` in a thread of its own: one question at a time. A thread that owes an answer is good for nothing but `close`. */
export class ThinningThread {
  readonly #thread: Thread
  readonly #signal: AbortSignal | undefined
  readonly #answerWithin: number

  constructor({
    signal,
    answerWithin = ANSWER_WITHIN,
    memory = MEMORY,
    program = PROGRAM,
  }: ThinningThreadOptions = {}) {
    this.#thread = startThread(program, { memory })
    this.#signal = signal
    this.#answerWithin = answerWithin
  }

  async apply(updates: readonly Uint8Array[]): Promise<void> {
    await this.#ask({ ask: 'apply', updates })
  }

  async merge(updates: readonly Uint8Array[]): Promise<MergedGroup> {
    return (await this.#ask({ ask: 'merge', updates })) as MergedGroup
  }

  async check(groups: readonly MergedGroup[]): Promise<boolean> {
    return (await this.#ask({ ask: 'check', groups })) === true
  }

  async same(): Promise<boolean> {
    return (await this.#ask({ ask: 'same' })) === true
  }

  async close(): Promise<void> {
    await this.#thread.worker.terminate()
  }

  async #ask(question: Question): Promise<unknown> {
    const late = AbortSignal.timeout(this.#answerWithin)
    const signal = this.#signal === undefined ? late : AbortSignal.any([late, this.#signal])
    const { worker, ended } = this.#thread
    const answered = once(worker, 'message', { signal }) as Promise<[Answer]>
    worker.postMessage(question)
    const [answer] = await Promise.race([answered, ended.then(raise)]).catch(async (cause: unknown) => {
      if (late.aborted) throw new Error(`the thread did not answer within ${this.#answerWithin} ms`)
      // `once` also rejects with an error that ends the thread.
      throw signal.aborted ? cause : await ended
    })
    if ('failure' in answer) throw new Error(answer.failure)
    return answer.value
  }
}

function raise(failure: Error): never {
  throw failure
}
