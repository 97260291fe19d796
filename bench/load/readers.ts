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
  // Listened to from the start: a reader that fails is reported to who stops it.
  const answered = once(worker, 'message').then(
    ([positions]) => Number(positions),
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  )
  return async () => {
    worker.postMessage('stop')
    const positions = await answered
    if (positions instanceof Error) throw positions
    return positions
  }
}
