import type { RoomId, Seq } from '../../log/entry.ts'
import type { RoomLog } from '../../log/room-log.ts'
import type { Logger } from '../../observe/log.ts'
import type { WorkerPool } from './worker-pool.ts'

/**
 * A room is indexed once nobody has written in it for so long, or the first new entry is so old (both in ms), or there
 * are so many: who writes has the machine to themselves meanwhile, and who reads has it caught up at once.
 */
const DUE_IDLE = 5_000
const DUE_AFTER = 60_000
const DUE_ENTRIES = 100_000

interface Due {
  entries: number
  head: Seq
  /** When the first of the entries came, by performance.now(). */
  readonly since: number
  readonly timer: NodeJS.Timeout
}

/** Has the workers keep up with what is committed. What a crash leaves undone is made up for by who reads it. */
export class Indexer {
  readonly #workers: WorkerPool
  readonly #logger: Logger
  readonly #isQuarantined: (room: RoomId) => Promise<boolean>
  /** Rooms with something new: how much, and what will have it indexed. */
  readonly #due = new Map<RoomId, Due>()
  readonly #running = new Map<RoomId, { readonly head: Seq; readonly done: Promise<void> }>()
  /** Rooms that nobody waits for are indexed one after the other: who asks for something does not wait for all of them. */
  #last: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(workers: WorkerPool, logger: Logger, isQuarantined: (room: RoomId) => Promise<boolean>) {
    this.#workers = workers
    this.#logger = logger
    this.#isQuarantined = isQuarantined
  }

  watch(room: RoomLog): void {
    room.onCommit(({ entries, lastSeq }) => {
      const edits = entries.filter(({ event }) => event === undefined).length
      if (edits === 0) return
      const due = this.#due.get(room.id)
      if (due === undefined) {
        const timer = setTimeout(() => this.#start(room.id), DUE_IDLE)
        timer.unref()
        this.#due.set(room.id, { entries: edits, head: lastSeq, since: performance.now(), timer })
        return
      }
      due.entries += edits
      due.head = lastSeq
      if (performance.now() - due.since < DUE_AFTER) due.timer.refresh()
      if (due.entries >= DUE_ENTRIES && !this.#running.has(room.id)) this.#start(room.id)
    })
  }

  /** Indexes a room up to `head`, once for all who ask for that while it is being done. */
  catchUp(room: RoomId, head: Seq): Promise<void> {
    const running = this.#running.get(room)
    if (running !== undefined && running.head >= head) return running.done
    const done = this.#index(room, head).then(
      () => this.#ended(room, head),
      (error: unknown) => {
        this.#ended(room, head)
        throw error
      },
    )
    this.#running.set(room, { head, done })
    return done
  }

  /** What waits to be indexed in a room does so no longer: it was erased, or thinned; who reads it then has it indexed. */
  forget(room?: RoomId): void {
    for (const one of room === undefined ? [...this.#due.keys()] : [room]) {
      clearTimeout(this.#due.get(one)?.timer)
      this.#due.delete(one)
    }
  }

  stop(): void {
    this.#stopped = true
    for (const { timer } of this.#due.values()) clearTimeout(timer)
    this.#due.clear()
  }

  #start(room: RoomId): void {
    const due = this.#due.get(room)
    if (due === undefined) return
    clearTimeout(due.timer)
    this.#due.delete(room)
    this.#last = this.#last
      .then(() => (this.#stopped ? undefined : this.#catchUpUnlessQuarantined(room, due.head)))
      .catch((error: unknown) => {
        // The next commit tries again, and so does whoever reads.
        this.#logger.warn({ err: error, roomId: room }, 'the history of a room is behind')
      })
  }

  /** In turns with what others ask of the same worker, so that a long room takes as long as it takes. */
  async #index(room: RoomId, head: Seq): Promise<void> {
    while (!(await this.#workers.run('index', room, { head, now: Date.now() })));
  }

  async #catchUpUnlessQuarantined(room: RoomId, head: Seq): Promise<void> {
    if (!(await this.#isQuarantined(room))) await this.catchUp(room, head)
  }

  #ended(room: RoomId, head: Seq): void {
    if (this.#running.get(room)?.head === head) this.#running.delete(room)
  }
}
