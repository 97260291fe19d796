import type { Logger } from '../observe/log.ts'
import type { Database } from '../storage/database.ts'
import type { Batch } from './batch.ts'
import type { NewEntry } from './entry.ts'
import { DELETED, Lane, type Outcome } from './lane.ts'
import type { Lookout } from './lookout.ts'
import type { CommitPace, CommitScheduler, RoomLog } from './room-log.ts'

/** Connections that commit side by side, so that one batch's fsync overlaps the next one's way there. */
const LANES = 3
/** The most that one batch carries. */
const MAX_ENTRIES = 4_000
const MAX_BYTES = 4 * 1024 * 1024
/** What an entry takes in memory beside its bytes: objects, a buffer, the acknowledgement that is held for it. */
const ENTRY_OVERHEAD = 512
/** How long a room that Postgres rejects waits before it is tried again, in ms. */
const STALLED_PAUSE = 5_000

/** Goes around each batch that is committed: returns what `commit` does. */
export type WatchBatch = (batch: Batch, commit: () => Promise<Outcome>) => Promise<Outcome>

export interface CommitterState {
  /** Entries handed in and not committed. */
  readonly entries: number
  readonly bytes: number
  /** How long nothing was committed although something waits that is not rejected, in ms. */
  readonly oldest: number
  /** Why the log cannot be written just now. */
  readonly failure: Error | undefined
  /** Rooms whose entries Postgres rejects. */
  readonly stalled: number
  /** Connections that commit just now, and those that could. */
  readonly lanes: { readonly busy: number; readonly idle: number }
}

/**
 * Group commit. What a room hands in is ready at once or a little later, as its pace says. While nothing is on its way, a
 * batch of what is ready is sent at once; else a free lane takes whatever is ready by the end of the event loop's turn; while
 * all lanes are busy, the next batch grows. A room is in one lane at a time.
 */
export class Committer implements CommitScheduler {
  readonly #lanes: readonly Lane[]
  readonly #idle: Lane[]
  readonly #running = new Set<Promise<void>>()
  /** The rooms of phase `ready`, which share the next batch. */
  readonly #ready = new Set<RoomLog>()
  /** Those of phase `alone`: each was in a rejected batch, and is tried by itself. */
  readonly #alone = new Set<RoomLog>()
  /** Those of phase `gathering` or `stalled`, until their time is up; and what ends the wait. */
  readonly #waiting = new Map<RoomLog, () => void>()
  readonly #logger: Logger
  readonly #maxBytes: number
  readonly #watch: WatchBatch
  #entries = 0
  #bytes = 0
  /** Rooms that were rejected by themselves, and not committed since. */
  readonly #rejected = new Set<RoomLog>()
  #emptyAt = Date.now()
  #lastSettled = Date.now()
  #scheduled = false
  #closed = false
  #drained: (() => void) | undefined
  readonly #lookout: Lookout

  constructor(
    database: Database,
    lookout: Lookout,
    logger: Logger,
    maxBytes: number,
    watch: WatchBatch = (_, commit) => commit(),
  ) {
    this.#logger = logger
    this.#lookout = lookout
    this.#maxBytes = maxBytes
    this.#watch = watch
    this.#lanes = Array.from({ length: LANES }, () => new Lane(database, lookout.ledger, logger))
    this.#idle = [...this.#lanes]
  }

  /**
   * Past the bound: whoever brings edits should refuse new ones. What was taken is kept. Rooms that are rejected count for
   * nothing until all is twice as much: what the database does not take of one must not end writing in the others.
   */
  get full(): boolean {
    if (this.#bytes < this.#maxBytes) return false
    let rejected = 0
    for (const { bytes } of this.#rejected) rejected += bytes
    return this.#bytes - rejected >= this.#maxBytes || this.#bytes >= 2 * this.#maxBytes
  }

  /** Whether what the room has is rejected until now: nothing that comes after it could be committed. */
  rejects(room: RoomLog): boolean {
    return this.#rejected.has(room)
  }

  /** Counts an entry of so many bytes before it is handed in; returns what ends that. */
  reserve(bytes: number): () => void {
    const size = bytes + ENTRY_OVERHEAD
    this.#bytes += size
    return () => {
      this.#bytes -= size
    }
  }

  get state(): CommitterState {
    return {
      entries: this.#entries,
      bytes: this.#bytes,
      oldest:
        this.#entries <= this.#rejectedEntries ? 0 : Date.now() - Math.max(this.#emptyAt, this.#lastSettled),
      failure: this.#lanes.find((lane) => lane.failure !== undefined)?.failure,
      stalled: this.#rejected.size,
      lanes: { busy: this.#running.size, idle: this.#idle.length },
    }
  }

  get #rejectedEntries(): number {
    let entries = 0
    for (const { appended, committed } of this.#rejected) entries += appended - committed
    return entries
  }

  enqueued(room: RoomLog, bytes: number): void {
    if (this.#entries === 0) this.#emptyAt = Date.now()
    this.#entries += 1
    this.#count(room, bytes + ENTRY_OVERHEAD)
    if (room.phase === 'idle') this.#admit(room)
  }

  ended(room: RoomLog): void {
    this.#forget(room, room.take(room.waiting, Number.POSITIVE_INFINITY))
    this.#waiting.get(room)?.()
    this.#waiting.delete(room)
    for (const rooms of [this.#ready, this.#alone, this.#rejected]) rooms.delete(room)
    if (this.#entries === 0) this.#drained?.()
  }

  /** Resolves when nothing waits any more and the lanes are closed. While the database is away, it waits. */
  async close(): Promise<void> {
    if (this.#entries > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#drained = resolve
      await promise
    }
    await this.abandon()
  }

  /** Closes the lanes whatever waits: for tests of crashes, and for a deadline that has passed. */
  async abandon(): Promise<void> {
    this.#closed = true
    for (const cancel of this.#waiting.values()) cancel()
    for (const lane of this.#lanes) lane.close()
    await Promise.all(this.#running)
  }

  /** An idle room that has something goes into the next batch, or into the one after it has gathered. */
  #admit(room: RoomLog): void {
    if (room.pace === 'at once') {
      this.#enter(room, 'ready')
      return
    }
    room.phase = 'gathering'
    this.#after(room.pace, room, () => this.#enter(room, 'ready'))
  }

  #enter(room: RoomLog, phase: 'ready' | 'alone'): void {
    room.phase = phase
    const rooms = phase === 'ready' ? this.#ready : this.#alone
    rooms.add(room)
    this.#wake()
  }

  #after(wait: Exclude<CommitPace, 'at once'>, room: RoomLog, then: () => void): void {
    const over = () => {
      this.#waiting.delete(room)
      then()
    }
    if (wait === 'after the turn') {
      // The room's own: Hocuspocus has asked before for the one in which it sends.
      const immediate = setImmediate(over)
      this.#waiting.set(room, () => clearImmediate(immediate))
    } else {
      const timer = setTimeout(over, wait)
      this.#waiting.set(room, () => clearTimeout(timer))
    }
  }

  #wake(): void {
    if (this.#scheduled || this.#idle.length === 0 || this.#ready.size + this.#alone.size === 0) return
    this.#scheduled = true
    const dispatch = () => {
      this.#scheduled = false
      this.#dispatch()
    }
    if (this.#running.size === 0) queueMicrotask(dispatch)
    else setImmediate(dispatch)
  }

  #dispatch(): void {
    while (this.#ready.size + this.#alone.size > 0 && !this.#closed) {
      const lane = this.#idle.pop()
      if (lane === undefined) return
      const batch = this.#take()
      const run = this.#watch(batch, () => lane.commit(batch)).then((outcome) => {
        this.#running.delete(run)
        this.#idle.push(lane)
        this.#settle(batch, outcome)
        this.#wake()
      })
      this.#running.add(run)
    }
  }

  #take(): Batch {
    const [lonely] = this.#alone
    if (lonely !== undefined) {
      this.#alone.delete(lonely)
      lonely.phase = 'in flight'
      return [{ room: lonely, entries: lonely.take(MAX_ENTRIES, MAX_BYTES) }]
    }
    const batch = []
    let entries = 0
    let bytes = 0
    for (const room of this.#ready) {
      if (entries >= MAX_ENTRIES || bytes >= MAX_BYTES) break
      const taken = room.take(MAX_ENTRIES - entries, MAX_BYTES - bytes)
      this.#ready.delete(room)
      room.phase = 'in flight'
      batch.push({ room, entries: taken })
      entries += taken.length
      for (const entry of taken) bytes += entry.bytes.length
    }
    return batch
  }

  #settle(batch: Batch, outcome: Outcome): void {
    for (const { room, entries } of batch) {
      room.phase = 'idle'
      const goneBack = outcome.kind === 'gone back'
      if (goneBack)
        this.#guarded(room, () => {
          if (room.ended === undefined) this.#lookout.wentBack()
          room.end('storage-unavailable')
        })
      const head = outcome.kind === 'committed' ? outcome.heads.get(room.id) : undefined
      if (head === DELETED) this.#guarded(room, () => room.end('room-deleted'))
      // Whoever sent these was never told that they are saved. Where the database has gone back, they are of the log that was.
      if (head === DELETED || goneBack || room.ended === 'storage-unavailable') {
        this.#forget(room, entries)
        this.#lastSettled = Date.now()
        continue
      }
      if (head === undefined || outcome.kind !== 'committed') {
        room.putBack(entries)
        if (outcome.kind === 'closed') continue
        if (batch.length > 1) this.#enter(room, 'alone')
        else this.#stall(room, outcome)
        continue
      }
      this.#forget(room, entries)
      this.#rejected.delete(room)
      this.#lastSettled = Date.now()
      this.#guarded(room, () => room.settle(head, entries, outcome.repeats, outcome.mark))
      if (room.waiting > 0) this.#admit(room)
    }
    if (this.#entries === 0) this.#drained?.()
  }

  #count(room: RoomLog, bytes: number): void {
    room.bytes += bytes
    this.#bytes += bytes
  }

  #forget(room: RoomLog, entries: readonly NewEntry[]): void {
    this.#entries -= entries.length
    for (const entry of entries) this.#count(room, -entry.bytes.length - ENTRY_OVERHEAD)
  }

  /** Whoever listens to a room and fails must not stop the batch's other rooms from hearing of theirs. */
  #guarded(room: RoomLog, tell: () => void): void {
    try {
      tell()
    } catch (error) {
      this.#logger.error({ err: error, roomId: room.id }, 'a listener of a room failed')
    }
  }

  /**
   * A room that Postgres rejects must hold up no other: it waits by itself, its entries kept and its
   * acknowledgements held, and is tried again now and then.
   */
  #stall(room: RoomLog, outcome: Outcome): void {
    const reason = outcome.kind === 'rejected' ? outcome.error : new Error('the room no longer exists')
    this.#logger.error(
      { err: reason, roomId: room.id },
      'entries of a room are rejected by the database; they wait',
    )
    room.phase = 'stalled'
    this.#rejected.add(room)
    this.#after(STALLED_PAUSE, room, () => this.#enter(room, 'alone'))
  }
}
