import { type ErrorCode, SynclineError } from '../errors.ts'
import type { NewEntry, Repeats, RoomId, Seq } from './entry.ts'
import type { LaneMark } from './lane-ledger.ts'
import { type FeedListener, RoomFeed } from './room-feed.ts'
import { tellAll } from './tell-all.ts'

/** Entries of one room that one batch committed; their seqs are `lastSeq - entries.length + 1 … lastSeq`. */
export interface Commit {
  readonly lastSeq: Seq
  readonly entries: readonly NewEntry[]
  /** Events that were not written, because the room has their ids already. */
  readonly repeats: Repeats
  /** The batch. */
  readonly mark: LaneMark
}

/**
 * Where a room stands: nothing to commit, gathering, in the next batch, in a batch on its way, to be tried by
 * itself, or rejected by itself and waiting.
 */
export type RoomPhase = 'idle' | 'gathering' | 'ready' | 'in flight' | 'alone' | 'stalled'

/**
 * When what a room hands in is ready for a batch: at once, behind what the turn of the event loop sends to others, or after so
 * many ms in which more is gathered.
 */
export type CommitPace = 'at once' | 'after the turn' | number

/**
 * Why a room takes nothing more: it was deleted; or the database has gone back behind what this node has of it, and what is
 * there is to be opened anew.
 */
export type End = Extract<ErrorCode, 'room-deleted' | 'storage-unavailable'>

type CommitListener = (commit: Commit) => void

/** What a room asks of whoever commits for it. */
export interface CommitScheduler {
  enqueued(room: RoomLog, bytes: number): void
  /** What waits in the room is never committed. */
  ended(room: RoomLog): void
}

/**
 * The end of one room's log on this node: what was handed in and not yet committed, in order.
 *
 * Positions count entries handed in since the room was opened here. They exist before a seq does, so a
 * barrier ("all that this node has integrated so far") is one number: `appended` now, reached when
 * `committed` has caught up.
 */
export class RoomLog {
  readonly id: RoomId
  /** The last seq that this node knows to be committed. */
  head: Seq
  appended = 0
  committed = 0
  /** The committer's, and nobody else's: a room is in one place at a time, so that no batch overtakes another. */
  phase: RoomPhase = 'idle'
  /** The committer's as well: what it keeps of the room takes so much memory. */
  bytes = 0
  /** What this node holds of the document has all entries up to here in it, whichever node wrote them. */
  integrated: Seq
  pace: CommitPace = 'at once'
  /** Why nothing is taken any more, and what waits is never committed. */
  ended: End | undefined
  #waiting: NewEntry[] = []
  readonly #feed: RoomFeed
  readonly #listeners = new Set<CommitListener>()
  readonly #barriers: { readonly position: number; readonly done: PromiseWithResolvers<Seq> }[] = []
  /** Who waits for what this node holds of the document to have entries of others. */
  readonly #arrivals: { readonly seq: Seq; readonly done: PromiseWithResolvers<void> }[] = []
  readonly #endListeners = new Set<(end: End) => void>()
  readonly #closeListeners = new Set<() => void>()
  readonly #scheduler: CommitScheduler

  /** @param patience how long what another node has written may still arrive by itself, in ms; 0 where nothing does */
  constructor(id: RoomId, head: Seq, scheduler: CommitScheduler, patience: () => number = () => 0) {
    this.id = id
    this.head = head
    this.integrated = head
    this.#scheduler = scheduler
    this.#feed = new RoomFeed(head, patience)
  }

  /**
   * Takes an entry, at once and in order. It is saved when `committed` reaches the position returned, which it
   * never does in a room that has ended.
   */
  append(entry: NewEntry): number {
    this.appended += 1
    if (this.ended !== undefined) return this.appended
    this.#waiting.push(entry)
    this.#scheduler.enqueued(this, entry.bytes.length)
    return this.appended
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Something was handed in that is not committed yet. */
  get pending(): boolean {
    return this.committed < this.appended && this.ended === undefined
  }

  /**
   * Resolves when all that was appended until now is committed, with the seq of the last of it (or of the last that is
   * known here, where nothing was waiting).
   * @throws SynclineError as `ended` says: the only cases in which something that was taken is dropped.
   */
  durable(): Promise<Seq> {
    const position = this.appended
    if (this.committed >= position) return Promise.resolve(Math.max(this.head, this.integrated))
    if (this.ended !== undefined) return Promise.reject(new SynclineError(this.ended))
    const done = Promise.withResolvers<Seq>()
    this.#barriers.push({ position, done })
    return done.promise
  }

  /** Resolves when all is committed; false where the room has ended meanwhile, and nothing ever will be. */
  async settled(): Promise<boolean> {
    try {
      await this.durable()
    } catch (error) {
      if (this.ended === undefined) throw error
    }
    return this.ended === undefined
  }

  /** Calls back when the room has ended, and says why. Returns what stops it. */
  onEnd(listener: (end: End) => void): () => void {
    this.#endListeners.add(listener)
    return () => this.#endListeners.delete(listener)
  }

  /** This node has just learned that the room takes nothing more. Entries on their way may still turn out committed. */
  end(end: End): void {
    if (this.ended !== undefined) return
    this.ended = end
    this.#scheduler.ended(this)
    for (const { done } of [...this.#barriers.splice(0), ...this.#arrivals.splice(0)])
      done.reject(new SynclineError(end))
    tellAll(this.#endListeners, (listener) => listener(end))
  }

  /** Calls back when nobody holds the room here any more; after that it is never told of anything. */
  onClose(listener: () => void): void {
    this.#closeListeners.add(listener)
  }

  close(): void {
    this.#feed.stop()
    for (const { done } of this.#arrivals.splice(0)) done.reject(new SynclineError('shutting-down'))
    tellAll(this.#closeListeners, (listener) => listener())
  }

  /** The last position that is known to be in the database, whichever node it is of. */
  get known(): Seq {
    return this.#feed.known
  }

  /** Who listens to the feed has been told of all up to here. */
  get told(): Seq {
    return this.#feed.position
  }

  /** Calls back with the entries of all nodes, in the order of the log. Returns what stops it. */
  follow(listener: FeedListener): () => void {
    return this.#feed.listen(listener)
  }

  /** The database has entries up to here. */
  heard(head: Seq): void {
    this.#feed.heard(head)
    // What is on its way from here may be all that is new: once it has settled, that is looked at. What cannot settle
    // must not keep out what others write.
    if (!this.pending || this.phase === 'stalled') this.#feed.expect()
  }

  /** Another node has committed these. */
  received(lastSeq: Seq, entries: readonly NewEntry[]): void {
    this.#feed.add({ lastSeq, entries, own: false })
    this.heard(lastSeq)
  }

  /** Somebody is about to load all that is known to be there: entries of other nodes too. */
  reopened(): void {
    // Where something is on its way, what is known further on may be that.
    if (!this.pending) this.head = this.known
    this.integratedUpTo(this.head)
  }

  /**
   * Another node's entries stand among those that are committed: what this node holds is not the fold of the log, and
   * must not be saved as one.
   */
  get interleaved(): boolean {
    return this.integrated < this.head
  }

  /** There are entries that this node has not looked at; some of them may be its own. */
  get behind(): boolean {
    return this.integrated < this.known
  }

  /** What this node holds has now all entries up to there. */
  integratedUpTo(seq: Seq): void {
    this.integrated = Math.max(this.integrated, seq)
    while (this.#arrivals[0] !== undefined && this.#arrivals[0].seq <= this.integrated)
      this.#arrivals.shift()?.done.resolve()
  }

  /**
   * Resolves when the document that is open here has all entries up to there, which are in the database.
   * @throws SynclineError as `ended` says; `shutting-down`
   */
  integrates(seq: Seq): Promise<void> {
    if (this.integrated >= seq) return Promise.resolve()
    if (this.ended !== undefined) return Promise.reject(new SynclineError(this.ended))
    const done = Promise.withResolvers<void>()
    this.#arrivals.push({ seq, done })
    this.#arrivals.sort((one, other) => one.seq - other.seq)
    this.heard(seq)
    return done.promise
  }

  /** Calls back after each commit, in order. Returns what stops it. */
  onCommit(listener: CommitListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** For the committer: up to `count` of the oldest entries within about `bytes`, at least one. */
  take(count: number, bytes: number): NewEntry[] {
    let size = 0
    let taken = 0
    for (const entry of this.#waiting) {
      size += entry.bytes.length
      if (taken === count || (taken > 0 && size > bytes)) break
      taken += 1
    }
    return this.#waiting.splice(0, taken)
  }

  /** For the committer: these entries, handed out by `take`, could not be written and wait again. */
  putBack(entries: readonly NewEntry[]): void {
    this.#waiting = [...entries, ...this.#waiting]
  }

  /** For the committer: these entries, handed out by `take`, are committed; those in `repeats` were before. */
  settle(lastSeq: Seq, taken: readonly NewEntry[], repeats: Repeats, mark: LaneMark): void {
    const entries = repeats.size === 0 ? taken : taken.filter((entry) => !repeats.has(entry))
    if (lastSeq - entries.length <= this.integrated) this.integratedUpTo(lastSeq)
    const before = this.committed
    this.committed += taken.length
    this.head = lastSeq
    for (let barrier = this.#barriers[0]; barrier && barrier.position <= this.committed; ) {
      const after = taken.slice(barrier.position - before).filter((entry) => !repeats.has(entry))
      barrier.done.resolve(lastSeq - after.length)
      this.#barriers.shift()
      barrier = this.#barriers[0]
    }
    try {
      tellAll(this.#listeners, (listener) => listener({ lastSeq, entries, repeats, mark }))
    } finally {
      this.#feed.add({ lastSeq, entries, own: true })
      this.#feed.expect()
    }
  }
}
