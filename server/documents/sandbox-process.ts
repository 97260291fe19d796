import { setPriority } from 'node:os'
import { Worker } from 'node:worker_threads'
import { perform, type Task } from './sandbox-tasks.ts'

// What is tried here can wait; people who type cannot.
setPriority(10)

// A task that never ends must not outlive the server, which can no longer kill it once it was killed itself.
new Worker(
  `setInterval(() => { if (process.ppid !== ${process.ppid}) process.kill(process.pid, 'SIGKILL') }, 1000)`,
  { eval: true },
).unref()

process.on('message', (task: Task) => process.send?.(perform(task)))
process.on('disconnect', () => process.exit())
