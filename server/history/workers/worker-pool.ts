import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { SynclineError } from '../../errors.ts'
import type { RoomId } from '../../log/entry.ts'
import { within } from '../../storage/within.ts'
import type { FromWorker, JobKind, JobMessage, Jobs, ToWorker } from './jobs.ts'

/** The live event loop keeps a core for itself; more than a few workers would only wait for the database. */
const WORKERS = Math.max(1, Math.min(4, availableParallelism() - 1))
/** What one worker may take in memory: past it the worker ends, and not the server. */
const MEMORY = { maxOldGenerationSizeMb: 1024 }
/** How long a worker is given to end by itself, in ms. */
const CLOSE_WITHIN = 5_000

/** The published package holds JavaScript; the sources run as they are. */
const PROGRAM = new URL(`./worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

interface Waiting {
  readonly resolve: (output: never) => void
  readonly reject: (error: Error) => void
}

interface Member {
  readonly worker: Worker
  readonly waiting: Map<number, Waiting>
  readonly ended: Promise<void>
}

/** Threads that do what would hold up live editing. A room always has the same one, which keeps its history. */
export class WorkerPool {
  readonly #databaseUrl: string
  readonly #members: (Member | undefined)[] = Array.from({ length: WORKERS }, () => undefined)
  #jobs = 0
  #closed = false

  constructor(databaseUrl: string) {
    this.#databaseUrl = databaseUrl
  }

  /** @throws SynclineError whatever the worker refuses; `internal` where it ended over it */
  run<Kind extends JobKind>(
    kind: Kind,
    room: RoomId,
    input: Jobs[Kind]['input'],
  ): Promise<Jobs[Kind]['output']> {
    if (this.#closed) return Promise.reject(new SynclineError('shutting-down'))
    const index = room % this.#members.length
    const member = this.#members[index] ?? this.#start(index)
    this.#jobs += 1
    const id = this.#jobs
    const { promise, resolve, reject } = Promise.withResolvers<Jobs[Kind]['output']>()
    member.waiting.set(id, { resolve, reject })
    member.worker.postMessage({ id, kind, room, input } as JobMessage)
    return promise
  }

  /** Has nothing of a room be kept here once what is being done for it is done. */
  async forget(room: RoomId): Promise<void> {
    if (this.#members[room % this.#members.length] === undefined) return
    // One that ends over it has forgotten everything.
    await this.run('forget', room, null).catch(() => undefined)
  }

  async close(): Promise<void> {
    this.#closed = true
    const members = this.#members.filter((member) => member !== undefined)
    await Promise.all(
      members.map(async ({ worker, ended }) => {
        worker.postMessage('close' satisfies ToWorker)
        if (!(await within(CLOSE_WITHIN, ended))) await worker.terminate()
      }),
    )
  }

  #start(index: number): Member {
    const worker = new Worker(PROGRAM, { workerData: this.#databaseUrl, resourceLimits: MEMORY })
    const waiting = new Map<number, Waiting>()
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    const member: Member = { worker, waiting, ended }
    this.#members[index] = member
    let failure: Error | undefined
    worker.on('message', (message: FromWorker) => {
      const asked = waiting.get(message.id)
      waiting.delete(message.id)
      if (message.kind === 'done') asked?.resolve(message.output as never)
      else asked?.reject(errorOf(message))
    })
    worker.on('error', (error) => {
      failure = error instanceof Error ? error : new Error(String(error))
    })
    worker.on('exit', () => {
      if (this.#members[index] === member) this.#members[index] = undefined
      const code = this.#closed ? 'shutting-down' : 'internal'
      for (const { reject } of waiting.values()) {
        reject(
          new SynclineError(code, undefined, { cause: failure ?? new Error('a worker of history ended') }),
        )
      }
      resolve()
    })
    return member
  }
}

function errorOf({ code, detail, stack }: Extract<FromWorker, { kind: 'refused' }>): SynclineError {
  const cause = new Error(code)
  if (stack !== undefined) cause.stack = stack
  return new SynclineError(code, detail, { cause })
}
