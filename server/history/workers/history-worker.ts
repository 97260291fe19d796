import { SynclineError } from '../../errors.ts'
import type { RoomId } from '../../log/entry.ts'
import { within } from '../../within.ts'
import { JobQueue, type QueueLimits } from './job-queue.ts'
import type { FromWorker, JobKind, JobMessage, Jobs, ToWorker } from './jobs.ts'
import { startThread, type Thread } from './thread.ts'

/** How long a worker is given to end by itself, in ms. */
const CLOSE_WITHIN = 5_000

/** How long a job goes on where its thread is to forget something, in ms: that is to be gone within a second. */
const FORGET_WITHIN = 500

/** When to ask again what was refused, in seconds. */
const RETRY_AFTER = 5

/** The published package holds JavaScript; the sources run as they are. */
const PROGRAM = new URL(`./worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

export interface WorkerLimits {
  /** How long a job may take, in ms: past it its thread is ended, and the next job has a new one. */
  readonly deadline: number
  /** The same for one that nobody waits for any more, from when the last one left. */
  readonly abandoned: number
  readonly waiting: QueueLimits
  /** What one worker may take in memory, in MiB: past it the worker ends, and not the server. */
  readonly memory: number
}

/** What a hundred people ask at a time fits in; who is refused asks again. */
export const WORKER_LIMITS: WorkerLimits = {
  deadline: 60_000,
  abandoned: 5_000,
  waiting: { perRoom: 50, inAll: 500 },
  memory: 1024,
}

export interface WorkerOptions {
  readonly databaseUrl: string
  readonly limits?: WorkerLimits
  /** What a job is refused with that took longer than it may; `history-busy` where nothing is said. */
  readonly late?: (detail: string) => SynclineError
  /** What the thread runs; the worker of history where none is given. */
  readonly program?: URL
}

export interface Job {
  readonly room: RoomId
  readonly kind: JobKind
  readonly input: Jobs[JobKind]['input']
  /** Says that nobody waits for it any more; without one somebody always does. */
  readonly signal: AbortSignal | undefined
  readonly resolve: (output: never) => void
  readonly reject: (error: Error) => void
}

/** How long what is being done is waited for before something is forgotten: for a moment, or until it is done. */
export type Wait = 'briefly' | 'to the end'

interface Running {
  readonly id: number
  readonly job: Job
  /** When it is ended, by performance.now(). */
  deadline: number
  timer: NodeJS.Timeout
  /** Why its thread is being ended. */
  ending: 'late' | 'to forget' | undefined
}

/**
 * A thread that does one job after the other, so that one that never ends harms no other, and what waits for it. The
 * thread is started for the first job, and anew after it has ended.
 */
export class HistoryWorker {
  readonly #options: WorkerOptions
  readonly #limits: WorkerLimits
  readonly #queue: JobQueue<Job>
  #thread: Thread | undefined
  #running: Running | undefined
  readonly #forgetting = new Map<number, () => void>()
  #ids = 0
  #closed = false

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#limits = options.limits ?? WORKER_LIMITS
    this.#queue = new JobQueue(this.#limits.waiting)
  }

  run(job: Job): void {
    if (this.#closed) job.reject(new SynclineError('shutting-down'))
    else if (job.signal?.aborted) job.reject(new SynclineError('request-abandoned'))
    else if (!this.#queue.put(job)) job.reject(busy('too much waits already'))
    else {
      job.signal?.addEventListener('abort', () => this.#abandon(job), { once: true })
      this.#next()
    }
  }

  /**
   * Has nothing of a room, or of any, be held here. A job that is not waited for to its end is ended with its thread and
   * all that this holds, and begun anew in the next: it may be another room's.
   */
  async forget(room: RoomId | undefined, wait: Wait): Promise<void> {
    if (this.#thread === undefined || this.#closed) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#ids += 1
    this.#forgetting.set(this.#ids, resolve)
    this.#thread.worker.postMessage({ kind: 'forget', id: this.#ids, room } satisfies ToWorker)
    const before = this.#running
    if (before === undefined || wait === 'to the end' || (await within(FORGET_WITHIN, promise)))
      return promise
    if (this.#running === before) this.#end(before, 'to forget')
    await promise
  }

  async close(): Promise<void> {
    this.#closed = true
    for (let job = this.#queue.take(); job !== undefined; job = this.#queue.take())
      job.reject(new SynclineError('shutting-down'))
    if (this.#thread === undefined) return
    const { worker, ended } = this.#thread
    worker.postMessage('close' satisfies ToWorker)
    if (!(await within(CLOSE_WITHIN, ended))) await worker.terminate()
  }

  #abandon(job: Job): void {
    if (this.#queue.delete(job)) job.reject(new SynclineError('request-abandoned'))
    const running = this.#running
    if (running?.job !== job) return
    job.reject(new SynclineError('request-abandoned'))
    const now = performance.now()
    clearTimeout(running.timer)
    running.deadline = Math.min(running.deadline, now + this.#limits.abandoned)
    running.timer = setTimeout(() => this.#end(running, 'late'), running.deadline - now)
  }

  #next(): void {
    if (this.#running !== undefined) return
    const job = this.#queue.take()
    if (job === undefined) return
    this.#begin(job, performance.now() + this.#limits.deadline)
  }

  #begin(job: Job, deadline: number): void {
    const thread = this.#thread ?? this.#start()
    this.#thread = thread
    this.#ids += 1
    const { room, kind, input } = job
    const running: Running = {
      id: this.#ids,
      job,
      deadline,
      timer: setTimeout(() => this.#end(running, 'late'), deadline - performance.now()),
      ending: undefined,
    }
    this.#running = running
    thread.worker.postMessage({ id: running.id, kind, room, input } as JobMessage)
  }

  #end(running: Running, why: Running['ending']): void {
    running.ending ??= why
    void this.#thread?.worker.terminate()
  }

  #start(): Thread {
    const { program = PROGRAM, databaseUrl } = this.#options
    const thread = startThread(program, { memory: this.#limits.memory, data: databaseUrl })
    thread.worker.on('message', (message: FromWorker) => this.#heard(message))
    void thread.ended.then((failure) => {
      this.#thread = undefined
      this.#exited(failure)
    })
    return thread
  }

  #heard(message: FromWorker): void {
    if (message.kind === 'forgotten') {
      this.#forgetting.get(message.id)?.()
      this.#forgetting.delete(message.id)
      return
    }
    const running = this.#running
    // One that is being ended takes nothing more.
    if (running?.id !== message.id || running.ending !== undefined) return
    clearTimeout(running.timer)
    this.#running = undefined
    if (message.kind === 'done') running.job.resolve(message.output as never)
    else running.job.reject(errorOf(message))
    this.#next()
  }

  #exited(failure: SynclineError): void {
    for (const forgotten of this.#forgetting.values()) forgotten()
    this.#forgetting.clear()
    const running = this.#running
    this.#running = undefined
    clearTimeout(running?.timer)
    if (running?.ending === 'to forget' && !this.#closed && !running.job.signal?.aborted) {
      // It has no more time for that than it had.
      this.#begin(running.job, running.deadline)
      return
    }
    if (running?.ending === 'late') {
      const { late = busy } = this.#options
      running.job.reject(late(`${running.job.kind} took longer than ${this.#limits.deadline} ms`))
    } else running?.job.reject(this.#closed ? new SynclineError('shutting-down') : failure)
    this.#next()
  }
}

const busy = (detail: string) => new SynclineError('history-busy', detail, { retryAfter: RETRY_AFTER })

function errorOf({ code, detail, stack }: Extract<FromWorker, { kind: 'refused' }>): SynclineError {
  const cause = new Error(code)
  if (stack !== undefined) cause.stack = stack
  return new SynclineError(code, detail, { cause })
}
