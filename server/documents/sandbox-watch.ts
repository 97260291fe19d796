import { parentPort, workerData } from 'node:worker_threads'
import { OVERSPENT } from './sandbox-signal.ts'

// A thread beside the one that tries things, which can still act when that one never returns.

/** How often it looks, in ms. */
const EVERY = 25

let limit = Number.POSITIVE_INFINITY

const spent = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** The processor time that may be spent from now on, in ms; `null` for any. */
parentPort?.on('message', (allowed: number | null) => {
  limit = allowed === null ? Number.POSITIVE_INFINITY : spent() + allowed
})

setInterval(() => {
  // Nor must a task outlive the server, which can no longer end it once it was killed itself.
  if (process.ppid !== workerData) process.kill(process.pid, 'SIGKILL')
  if (spent() > limit) process.kill(process.pid, OVERSPENT)
}, EVERY)
