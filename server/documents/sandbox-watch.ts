import { workerData } from 'node:worker_threads'
import { OVERSPENT, processTime, type Watched } from './sandbox-limit.ts'

// A thread beside the one that tries things, which can still act when that one never returns.

/** How often it looks, in ms. */
const EVERY = 25

const { parent, limit } = workerData as Watched

setInterval(() => {
  // Nor must a task outlive the server, which can no longer end it once it was killed itself.
  if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
  if (processTime() > Atomics.load(limit, 0)) process.kill(process.pid, OVERSPENT)
}, EVERY)
