import { parentPort } from 'node:worker_threads'
import type { FromWorker, ToWorker } from '../../server/history/workers/jobs.ts'

/**
 * A worker of history that never ends with `content`, nor with `index` before the test lets it, holds more with `write`
 * than it has memory, and answers all else with how many jobs it has begun so far.
 */
const tell = (message: FromWorker) => parentPort?.postMessage(message)
let begun = 0

/** What `index` has for its input here: it waits until this is not 0. */
export interface Gate {
  readonly open: Int32Array
}

parentPort?.on('message', (message: ToWorker) => {
  if (message === 'close') return parentPort?.close()
  if (message.kind === 'forget') return tell({ id: message.id, kind: 'forgotten' })
  begun += 1
  while (message.kind === 'content');
  for (const held: number[][] = []; message.kind === 'write'; ) held.push(new Array(10_000).fill(begun))
  if (message.kind === 'index') Atomics.wait((message.input as unknown as Gate).open, 0, 0)
  tell({ id: message.id, kind: 'done', output: begun })
})
