import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

export interface Reading {
  /** The room's content. */
  readonly url: string
  readonly token: string
  readonly head: number
  readonly people: number
}

/** People who read a room's past without pause, in a thread of their own. What is returned stops them, and says how much they read. */
export function startReaders(reading: Reading): () => Promise<number> {
  const worker = new Worker(new URL('./reader.ts', import.meta.url), { workerData: reading })
  return async () => {
    const answered = once(worker, 'message')
    worker.postMessage('stop')
    const [positions] = await answered
    return Number(positions)
  }
}
