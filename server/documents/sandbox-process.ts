import { writeFileSync } from 'node:fs'
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { lowerPriority } from '../priority.ts'
import { processTime, UNLIMITED, type Watched } from './sandbox-limit.ts'
import { perform, type Task } from './sandbox-tasks.ts'

// What is tried here can wait; people who type cannot.
lowerPriority()
// Nor is it the server that the kernel is to end where memory runs out.
try {
  writeFileSync('/proc/self/oom_score_adj', '1000')
} catch {
  // Only Linux has it.
}

/** The processor time of this process, in ms since its start, at which it is ended. */
const limit = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)).fill(UNLIMITED)

const watch = new Worker(new URL(`./sandbox-watch${extname(import.meta.filename)}`, import.meta.url), {
  workerData: { parent: process.ppid, limit } satisfies Watched,
})
watch.unref()

/** Processor time that a task may take, in ms. */
const within = Number(process.argv[2])

process.on('message', (task: Task) => {
  const end = processTime() + within
  const allow = (ms: number) => Atomics.store(limit, 0, Math.ceil(Math.min(processTime() + ms, end)))
  allow(within)
  process.send?.(perform(task, allow))
  Atomics.store(limit, 0, UNLIMITED)
})
process.on('disconnect', () => process.exit())
