import { availableParallelism } from 'node:os'
import type { RoomId } from '../../log/entry.ts'
import { HistoryWorker, type Wait, type WorkerOptions } from './history-worker.ts'
import type { JobKind, Jobs } from './jobs.ts'

/** The live event loop keeps a core for itself; more than a few workers would only wait for the database. */
const WORKERS = Math.max(1, Math.min(4, availableParallelism() - 1))

/** Goes around each job, from asking for it to its answer: returns what `job` does. */
export type WatchJob = <Output>(kind: JobKind, job: () => Promise<Output>) => Promise<Output>

/** Threads that do what would hold up live editing. A room always has the same one, which keeps its history. */
export class WorkerPool {
  readonly #workers: readonly HistoryWorker[]
  readonly #watch: WatchJob

  constructor(options: WorkerOptions, watch: WatchJob = (_, job) => job()) {
    this.#watch = watch
    this.#workers = Array.from({ length: WORKERS }, () => new HistoryWorker(options))
  }

  /**
   * @param signal says that nobody waits for it any more: it is not begun then, and ended where it goes on
   * @throws SynclineError `history-busy` where too much waits already or it took too long, `request-abandoned`, whatever
   * the worker refuses, and `internal` where it ended over it
   */
  run<Kind extends JobKind>(
    kind: Kind,
    room: RoomId,
    input: Jobs[Kind]['input'],
    signal?: AbortSignal,
  ): Promise<Jobs[Kind]['output']> {
    return this.#watch(kind, () => {
      const { promise, resolve, reject } = Promise.withResolvers<Jobs[Kind]['output']>()
      this.#of(room).run({ kind, room, input, signal, resolve, reject })
      return promise
    })
  }

  /** Has nothing of a room, or of any, be kept here, having waited for what is being done so long. */
  async forget(room: RoomId | undefined, wait: Wait): Promise<void> {
    const workers = room === undefined ? this.#workers : [this.#of(room)]
    await Promise.all(workers.map((worker) => worker.forget(room, wait)))
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()))
  }

  #of(room: RoomId): HistoryWorker {
    const worker = this.#workers[room % this.#workers.length]
    if (worker === undefined) throw new RangeError(`room ${room}`)
    return worker
  }
}
