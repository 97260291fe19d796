import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import type { RoomId } from '../log/entry.ts'
import { isOfDeletedRoom } from '../log/erase.ts'
import { isStorageFailure } from '../storage/failure.ts'
import { type Batch, commitBatches, type Taken } from './commit.ts'

/** Series of one room. What a room has more than that is no metric any more, but a log. */
const MOST_SERIES = 1_000
/** Measures that one commit takes; the rest are in the next. */
const AT_ONCE = 10_000
/** Measures that may wait on this node: what is more comes faster than the database takes it. */
const MOST_WAITING = 100_000
/** Rooms that commit beside each other, so that connections are left for everybody else. */
const BESIDE = 2

interface Waiting {
  readonly batch: Batch
  readonly done: PromiseWithResolvers<Taken>
}

/** Commits batches: those of a room that come while one is being committed go into the next commit together. */
export class Recorder {
  readonly #pool: pg.Pool
  readonly #rooms = new Map<RoomId, Waiting[]>()
  readonly #committing = new Map<RoomId, Promise<void>>()
  #waiting = 0
  #closed = false

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  /**
   * Resolves when it is committed.
   * @throws SynclineError `rate-limited`, `room-deleted`, `storage-unavailable`, `shutting-down`
   */
  record(room: RoomId, batch: Batch): Promise<Taken> {
    if (this.#closed) return Promise.reject(new SynclineError('shutting-down'))
    if (this.#waiting + batch.measures.length > MOST_WAITING)
      return Promise.reject(
        new SynclineError('rate-limited', 'too much waits for the database', { retryAfter: 1 }),
      )
    const done = Promise.withResolvers<Taken>()
    const waiting = this.#rooms.get(room) ?? []
    waiting.push({ batch, done })
    this.#rooms.set(room, waiting)
    this.#waiting += batch.measures.length
    this.#next()
    return done.promise
  }

  /** Takes nothing more; resolves when what was taken is committed or refused. */
  async close(): Promise<void> {
    this.#closed = true
    while (this.#committing.size > 0) await Promise.all(this.#committing.values())
  }

  #next(): void {
    for (const room of this.#rooms.keys()) {
      if (this.#committing.size >= BESIDE) return
      if (this.#committing.has(room)) continue
      this.#committing.set(
        room,
        this.#commit(room).finally(() => {
          this.#committing.delete(room)
          this.#next()
        }),
      )
    }
  }

  async #commit(room: RoomId): Promise<void> {
    const part = this.#take(room)
    try {
      await this.#commitTogether(room, part)
    } catch (error) {
      const refused = refusalOf(error)
      // It may be one of them that cannot be committed: then the others are.
      if (part.length > 1 && !(refused instanceof SynclineError))
        for (const one of part)
          await this.#commitTogether(room, [one]).catch((cause: unknown) => one.done.reject(refusalOf(cause)))
      else for (const { done } of part) done.reject(refused)
    }
  }

  async #commitTogether(room: RoomId, part: readonly Waiting[]): Promise<void> {
    const batches = part.map(({ batch }) => batch)
    const taken = await commitBatches(this.#pool, room, batches, MOST_SERIES)
    for (const [index, { done }] of part.entries()) done.resolve(taken[index] ?? NOTHING)
  }

  /** The first of what waits, one batch at least. The room goes to the end of the line. */
  #take(room: RoomId): readonly Waiting[] {
    const waiting = this.#rooms.get(room) ?? []
    let measures = 0
    let count = 0
    for (const { batch } of waiting) {
      if (count > 0 && measures + batch.measures.length > AT_ONCE) break
      measures += batch.measures.length
      count += 1
    }
    const rest = waiting.slice(count)
    this.#rooms.delete(room)
    if (rest.length > 0) this.#rooms.set(room, rest)
    this.#waiting -= measures
    return waiting.slice(0, count)
  }
}

const NOTHING: Taken = { counted: 0, outOfTime: 0, tooManySeries: 0, repeated: false }

function refusalOf(error: unknown): unknown {
  if (isOfDeletedRoom(error)) return new SynclineError('room-deleted')
  if (isStorageFailure(error)) return new SynclineError('storage-unavailable', undefined, { cause: error })
  return error
}
