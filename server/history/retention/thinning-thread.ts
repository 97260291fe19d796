import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { MergedGroup } from './thinning.ts'
import type { Answer, Question } from './thinning-worker.ts'

/** The sources run as they are, and so does what was built from them. */
const PROGRAM = new URL(`./thinning-worker${extname(import.meta.filename)}`, import.meta.url)

/** The longest that an answer may take, in ms. A thousand positions of a large document are checked in a minute. */
const ANSWER_WITHIN = 10 * 60 * 1000

export interface ThinningThreadOptions {
  /** Ends what is being asked. */
  readonly signal?: AbortSignal | undefined
  /** The longest that an answer may take, in ms; ten minutes where nothing is said. */
  readonly answerWithin?: number | undefined
}

/** `Thinning` in a thread of its own: one question at a time. A thread that owes an answer is good for nothing but `close`. */
export class ThinningThread {
  readonly #worker = new Worker(PROGRAM)
  readonly #signal: AbortSignal | undefined
  readonly #answerWithin: number

  constructor({ signal, answerWithin = ANSWER_WITHIN }: ThinningThreadOptions = {}) {
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
    await this.#worker.terminate()
  }

  async #ask(question: Question): Promise<unknown> {
    const late = AbortSignal.timeout(this.#answerWithin)
    const signal = this.#signal === undefined ? late : AbortSignal.any([late, this.#signal])
    // `once` also rejects when the thread ends with an error, such as memory that is used up.
    const answered = once(this.#worker, 'message', { signal }) as Promise<[Answer]>
    this.#worker.postMessage(question)
    const [answer] = await answered.catch((cause: unknown) => {
      throw late.aborted ? new Error(`the thread did not answer within ${this.#answerWithin} ms`) : cause
    })
    if ('failure' in answer) throw new Error(answer.failure)
    return answer.value
  }
}
