import { type ChildProcess, fork } from 'node:child_process'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getHeapStatistics } from 'node:v8'
import { SynclineError } from '../errors.ts'
import { OVERSPENT } from './sandbox-limit.ts'
import type { Answer, Task } from './sandbox-tasks.ts'

/**
 * The task ended the process, or took so much processor time that the process was ended. Not where the machine could not
 * start it, or took it away: that says nothing of the task.
 */
export class SandboxDied extends Error {
  constructor(how: string) {
    super(how)
    this.name = 'SandboxDied'
  }
}

export interface SandboxOptions {
  /** What its heap may grow to, in MiB. Default 512. */
  readonly memory?: number
  /**
   * Processor time that one task may take, in ms, before the process is ended. Default 10,000. Not time on the clock:
   * the process is niced, and a busy machine would have honest work refused for what others do.
   */
  readonly within?: number
  /**
   * How long an answer is waited for, in ms, in the line and while it is tried, however little of the processor that was
   * given. Default twelve times `within`.
   */
  readonly patience?: number
}

/** In MiB. */
export interface OpeningMemory {
  readonly free: number
  readonly most: number
}

const ENTRY = fileURLToPath(new URL(`./sandbox-process${extname(import.meta.filename)}`, import.meta.url))

const MIB = 2 ** 20

/** An idle process is ended after this long, in ms; the next task starts another (about 100 ms). */
const IDLE = 30_000

/**
 * A process of its own for what may not end well: it runs out of memory or never returns, and only it is gone
 * (a worker thread takes the whole process with it when the heap is full). One task at a time, in order.
 */
export class Sandbox {
  readonly #memory: number
  readonly #within: number
  readonly #patience: number
  #child: ChildProcess | undefined
  #last: Promise<unknown> = Promise.resolve()
  #idle: NodeJS.Timeout | undefined
  #waiting = 0

  constructor({ memory = 512, within = 10_000, patience = 12 * within }: SandboxOptions = {}) {
    this.#memory = memory
    this.#within = within
    this.#patience = patience
  }

  /**
   * What a process that tries things may take, in MiB: a document is about ten times as large in memory. Less
   * than this process may take, so that what passes there does not end this one.
   */
  static memoryFor(maxDocumentBytes: number): number {
    const wanted = Math.max(512, (16 * maxDocumentBytes) / MIB)
    return Math.floor(Math.min(wanted, getHeapStatistics().heap_size_limit / 2 / MIB))
  }

  /**
   * What opening a room may take where it is tried, in MiB: `free` is what this process has left for it, so that what
   * passes there does not end this one, and `most` is what it would have with nothing else open.
   */
  static memoryForOpening(): OpeningMemory {
    const { heap_size_limit: most, used_heap_size: used } = getHeapStatistics()
    return { free: Math.max(1, Math.floor((most - used) / MIB)), most: Math.floor(most / MIB) }
  }

  /** Tasks that are being done or wait to be. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * @throws SandboxDied where the task has ended the process; the next one gets another
   * @throws SynclineError `rate-limited` where the machine gave it too little to say anything of the task: of the processor,
   *   of processes, or of memory, so that it ended this one; it may be asked again
   */
  run(task: Task): Promise<Answer> {
    this.#waiting += 1
    const patience = performance.now() + this.#patience
    const run = this.#last.then(() => this.#perform(task, patience))
    const done = () => {
      this.#waiting -= 1
    }
    this.#last = run.then(done, done)
    return run
  }

  close(): void {
    clearTimeout(this.#idle)
    this.#child?.kill('SIGKILL')
    this.#child = undefined
  }

  #perform(task: Task, until: number): Promise<Answer> {
    const patience = until - performance.now()
    if (patience <= 0) return Promise.reject(starved())
    clearTimeout(this.#idle)
    let child: ChildProcess
    try {
      child = this.#child ?? this.#start()
    } catch (cause) {
      return Promise.reject(starved(cause))
    }
    this.#child = child
    return new Promise<Answer>((resolve, reject) => {
      const late = setTimeout(() => end(starved()), patience)
      const settle = () => {
        clearTimeout(late)
        child.off('message', answered)
        child.off('exit', exited)
        child.off('error', failed)
      }
      const answered = (answer: unknown) => {
        settle()
        this.#rest()
        resolve(answer as Answer)
      }
      const end = (error: Error) => {
        settle()
        child.on('error', () => undefined) // a signal that comes too late
        child.kill('SIGKILL')
        // That something could not be sent to it may be heard when the next one has begun.
        if (this.#child === child) this.#child = undefined
        reject(error)
      }
      const exited = (_code: number | null, signal: NodeJS.Signals | null) => {
        // Not by the task: by a kernel whose memory has run out, or whoever closes this.
        if (signal === 'SIGKILL') end(starved())
        else if (signal === OVERSPENT) end(new SandboxDied('it takes too much processor time'))
        else end(new SandboxDied('it ends the process that tries it'))
      }
      const failed = (error: Error) => end(starved(error))
      child.on('message', answered)
      child.on('exit', exited)
      child.on('error', failed)
      child.send(task, (error) => {
        if (error !== null) failed(error)
      })
    })
  }

  #start(): ChildProcess {
    const child = fork(ENTRY, [String(this.#within)], {
      serialization: 'advanced',
      execArgv: [`--max-old-space-size=${this.#memory}`],
      // Nothing that the server knows, such as its keys, is for what runs there.
      env: {},
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined
    })
    child.unref()
    child.channel?.unref()
    return child
  }

  #rest(): void {
    this.#idle = setTimeout(() => this.close(), IDLE)
    this.#idle.unref()
  }
}

const starved = (cause?: unknown) =>
  new SynclineError('rate-limited', 'the server is too busy to try what this would do', {
    retryAfter: 60,
    cause,
  })
