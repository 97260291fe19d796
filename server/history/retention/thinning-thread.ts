import { once } from 'node:events'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { MergedGroup } from './thinning.ts'
import type { Answer, Question } from './thinning-worker.ts'

/** The sources run as they are, and so does what was built from them. */
const PROGRAM = new URL(`./thinning-worker${extname(import.meta.filename)}`, import.meta.url)

/** `Thinning` in a thread of its own: one question at a time. */
export class ThinningThread {
  readonly #worker = new Worker(PROGRAM)

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
    // `once` also rejects when the thread ends with an error, such as memory that is used up.
    const answered = once(this.#worker, 'message') as Promise<[Answer]>
    this.#worker.postMessage(question)
    const [answer] = await answered
    if ('failure' in answer) throw new Error(answer.failure)
    return answer.value
  }
}
