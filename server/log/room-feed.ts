import type { NewEntry, Seq } from './entry.ts'
import { tellAll } from './tell-all.ts'

/** Entries that stand next to each other in a room's log; their seqs are `lastSeq - entries.length + 1 … lastSeq`. */
export interface Run {
  readonly lastSeq: Seq
  readonly entries: readonly NewEntry[]
  /** Whether this node has committed them. */
  readonly own: boolean
}

export interface FeedListener {
  /** The next entries of the log. */
  next(run: Run): void
  /** Entries before those that come next are to be read from the log. */
  missed(): void
}

/** Runs that wait for what is before them. */
const MAX_EARLY = 1_000

export const startOf = ({ lastSeq, entries }: Run): Seq => lastSeq - entries.length + 1

/**
 * One room's entries in the order of its log, whichever node wrote them: this node's as they are committed, those of
 * other nodes as they arrive, which may be early, late, twice or never. What does not arrive in time is given up here,
 * and read from the log by whoever listens.
 */
export class RoomFeed {
  readonly #patience: () => number
  readonly #listeners = new Set<FeedListener>()
  #early: Run[] = []
  #position: Seq
  /** The database has entries up to here. */
  #known: Seq
  #timer: NodeJS.Timeout | undefined

  /** @param patience how long what is missing may still arrive by itself, in ms; 0 where nothing does */
  constructor(position: Seq, patience: () => number) {
    this.#position = position
    this.#known = position
    this.#patience = patience
  }

  /** Whoever listens has been told of all up to here, or that it is to be read. */
  get position(): Seq {
    return this.#position
  }

  get known(): Seq {
    return this.#known
  }

  /** Returns what stops it. */
  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  add(run: Run): void {
    this.#known = Math.max(this.#known, run.lastSeq)
    if (run.lastSeq <= this.#position) return
    if (startOf(run) > this.#position + 1) this.#early.push(run)
    else this.#tell(run)
    // They are read, all of them, once what is missing is given up.
    if (this.#early.length > MAX_EARLY) this.#early = []
    if (this.#early.length > 0) this.#takeUp()
  }

  /** The database has entries up to there. */
  heard(head: Seq): void {
    this.#known = Math.max(this.#known, head)
  }

  /** Waits for what is missing, if anything is, and then gives it up. */
  expect(): void {
    if (this.#position >= this.#known || this.#timer !== undefined) return
    const patience = this.#patience()
    if (patience === 0) {
      this.#giveUp()
      return
    }
    const before = this.#position
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      // As long as anything comes, the rest is on its way.
      if (this.#position > before) this.expect()
      else this.#giveUp()
    }, patience).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#early = []
  }

  #giveUp(): void {
    if (this.#position >= this.#known) return
    this.#position = this.#known
    this.#early = []
    tellAll(this.#listeners, (listener) => listener.missed())
  }

  #takeUp(): void {
    this.#early.sort((one, other) => one.lastSeq - other.lastSeq)
    while (this.#early[0] !== undefined && startOf(this.#early[0]) <= this.#position + 1) {
      const [run] = this.#early.splice(0, 1)
      if (run !== undefined && run.lastSeq > this.#position) this.#tell(run)
    }
  }

  /** Some of it may have been given up before it came. */
  #tell(run: Run): void {
    const entries = run.entries.slice(Math.max(0, this.#position + 1 - startOf(run)))
    this.#position = run.lastSeq
    tellAll(this.#listeners, (listener) => listener.next({ ...run, entries }))
  }
}
