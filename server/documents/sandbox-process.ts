import { setPriority } from 'node:os'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { perform, type Task } from './sandbox-tasks.ts'

// What is tried here can wait; people who type cannot.
setPriority(10)

const watch = new Worker(new URL(`./sandbox-watch${extname(import.meta.filename)}`, import.meta.url), {
  workerData: process.ppid,
})
watch.unref()

/** Processor time that a task may take, in ms. */
const within = Number(process.argv[2])

process.on('message', (task: Task) => {
  const before = process.cpuUsage()
  const allow = (ms: number) => {
    const { user, system } = process.cpuUsage(before)
    watch.postMessage(Math.min(ms, within - (user + system) / 1000))
  }
  allow(within)
  process.send?.(perform(task, allow))
  watch.postMessage(null)
})
process.on('disconnect', () => process.exit())
