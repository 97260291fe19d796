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

process.on('message', (task: Task) => {
  process.send?.(perform(task, (ms) => watch.postMessage(ms)))
  watch.postMessage(null)
})
process.on('disconnect', () => process.exit())
