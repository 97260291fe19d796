import { Worker } from 'node:worker_threads'
import { SynclineError } from '../../errors.ts'

export interface ThreadOptions {
  /** What it may take in memory, in MiB: past it the thread ends, and not the server. */
  readonly memory: number
  readonly data?: unknown
}

export interface Thread {
  readonly worker: Worker
  /** Resolves once it has ended, by itself or by whom it belongs to, with what is to be said to who waits for it. */
  readonly ended: Promise<SynclineError>
}

/** A thread whose failure is kept for who asks it something: it may come while nobody does, and ends nothing else. */
export function startThread(program: URL, { memory, data }: ThreadOptions): Thread {
  const worker = new Worker(program, {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: memory },
  })
  const { promise: ended, resolve } = Promise.withResolvers<SynclineError>()
  let cause: unknown = new Error('a thread of history ended')
  worker.on('error', (error) => {
    cause = error
  })
  worker.on('exit', () => resolve(new SynclineError(codeOf(cause), undefined, { cause })))
  return { worker, ended }
}

const codeOf = (cause: unknown) =>
  cause instanceof Error && 'code' in cause && cause.code === 'ERR_WORKER_OUT_OF_MEMORY'
    ? 'history-too-large'
    : 'internal'
