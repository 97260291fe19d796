import { parentPort } from 'node:worker_threads'
import type { FromWorker, ToWorker } from '../../server/history/workers/jobs.ts'

/** A worker of history that never ends with `content`, and answers all else with how many jobs it has begun so far. */
const tell = (message: FromWorker) => parentPort?.postMessage(message)
let begun = 0

parentPort?.on('message', (message: ToWorker) => {
  if (message === 'close') return parentPort?.close()
  if (message.kind === 'forget') return tell({ id: message.id, kind: 'forgotten' })
  begun += 1
  while (message.kind === 'content');
  tell({ id: message.id, kind: 'done', output: begun })
})
