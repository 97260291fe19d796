import type pg from 'pg'
import { SynclineError } from '../../errors.ts'
import { type RoomId, type Seq, SYSTEM } from '../../log/entry.ts'
import { nearestPositions, POSITIONS_LOCK } from '../../log/positions.ts'
import { read } from '../../log/read.ts'
import { inTransaction, type Queryable } from '../../storage/transaction.ts'
import type { Block } from '../blocks/block.ts'
import { BLOCK_BYTES, BLOCK_ENTRIES, blockedTo, damaged, readBlocks, writeBlock } from '../blocks/blocks.ts'
import { makeBlock } from '../blocks/make-block.ts'
import type { Effect } from '../positions/change-index.ts'
import { HistoryDocument, type HistoryEntry } from '../positions/history-document.ts'
import { changedSince, indexedTo, newestSlice, writeSlices } from '../timeline/activity.ts'
import { stretchedTo, writeStretches } from '../timeline/stretch-table.ts'
import { type Grown, grow, type IndexedEntry, VERSION_IDLE } from '../versions/boundaries.ts'
import { keepVersion, lastAutomatic } from '../versions/versions.ts'

/** Whoever writes what history keeps of a room takes turns. */
const HISTORY_LOCK = `select pg_advisory_xact_lock(hashtextextended('syncline.history', $1))`

const NOTHING: Grown = { slices: [], versions: [] }

/** Entries that are read without being indexed. */
const MOST_UNINDEXED = 2 * BLOCK_ENTRIES

export interface RoomHistoryLimits {
  /** Bytes of entries with which a block ends; 16 MiB. */
  readonly blockBytes?: number
  /** Bytes of all that was ever written that are held, see `HistoryDocument`; 256 MiB. */
  readonly documentBytes?: number
}

/** One room's history as a worker holds it: as much of it as somebody has asked for, and all that is indexed with it. */
export class RoomHistory {
  readonly #pool: pg.Pool
  readonly #room: RoomId
  readonly #blockBytes: number
  readonly #documentBytes: number | undefined
  #document: HistoryDocument
  /** What the document holds beyond the last block. */
  #tail: IndexedEntry[] = []
  #tailBytes = 0
  #blocksTo: Seq = 0

  constructor(
    pool: pg.Pool,
    room: RoomId,
    { blockBytes = BLOCK_BYTES, documentBytes }: RoomHistoryLimits = {},
  ) {
    this.#pool = pool
    this.#room = room
    this.#blockBytes = blockBytes
    this.#documentBytes = documentBytes
    this.#document = new HistoryDocument(documentBytes)
  }

  /** In memory, about. */
  get bytes(): number {
    return this.#document.bytes + this.#tailBytes + this.#tail.length * 300
  }

  /**
   * Reads something of the room's document, which has the first `seq` entries at least.
   * @throws SynclineError `room-damaged` where the log up to there cannot be read or does not make a document;
   * `history-too-large` where it is more than is held
   */
  async read<Result>(
    seq: Seq,
    act: (document: HistoryDocument) => Result | Promise<Result>,
  ): Promise<Result> {
    await this.#growTo(seq)
    if (!this.#document.whole && this.#document.head > seq) {
      // What came later has been too much.
      this.#forget()
      await this.#growTo(seq)
    }
    if (!this.#document.whole) throw new SynclineError('history-too-large')
    try {
      this.#document.integrate()
    } catch (error) {
      throw damaged(error)
    }
    return act(this.#document)
  }

  async #growTo(seq: Seq): Promise<void> {
    await this.#growFromBlocks(seq)
    // A room that was never indexed: rather than hold all of its log, make what the next reader wants too.
    if (seq - this.#document.head > MOST_UNINDEXED) await this.index(seq, 0)
    while (!(await this.#growFromLog(seq))) await this.index(seq, 0)
  }

  /**
   * Brings the room's blocks, activity and automatic versions up to `head`, a block at a time, each in a transaction:
   * what is cut off here goes on from there. False where it stops before, at `stopAt` by performance.now().
   */
  async index(head: Seq, now: number, stopAt = Number.POSITIVE_INFINITY): Promise<boolean> {
    await this.#stretch()
    try {
      const done = await this.#indexEntries(head, stopAt)
      if (done) await this.#keepIdle(now)
      return done
    } finally {
      // Also where the log is damaged further on.
      await this.#stretch()
    }
  }

  async #indexEntries(head: Seq, stopAt: number): Promise<boolean> {
    for (;;) {
      const indexed = await indexedTo(this.#pool, this.#room)
      const blocked = await blockedTo(this.#pool, this.#room)
      // Where something was taken away, by retention or to have it made anew, it is made again.
      if (Math.min(indexed, blocked) < this.#blocksTo) this.#forget()
      await this.#growFromBlocks(indexed, 'ends there')
      const blockEnd = (Math.floor(this.#blocksTo / BLOCK_ENTRIES) + 1) * BLOCK_ENTRIES
      const limit = Math.min(head, blockEnd)
      if (limit <= indexed && limit < blockEnd && this.#tailBytes < this.#blockBytes) return true
      await this.#growFromLog(limit)
      const { until, full } = this.#next(limit)
      if (!(await this.#write(indexed, until, full))) this.#forget()
      if (performance.now() > stopAt) return false
    }
  }

  /** Up to where is indexed next, and whether a block ends there. */
  #next(limit: Seq): { readonly until: Seq; readonly full: boolean } {
    let bytes = 0
    for (const { entry } of this.#tail) {
      if (entry.seq > limit) break
      bytes += entry.bytes.length
      if (bytes >= this.#blockBytes) return { until: entry.seq, full: true }
    }
    return { until: limit, full: limit % BLOCK_ENTRIES === 0 }
  }

  /** Brings the stretches to where the activity is. Either may have been taken away, to have it made anew. */
  async #stretch(): Promise<void> {
    const room = this.#room
    if ((await stretchedTo(this.#pool, room)) === (await indexedTo(this.#pool, room))) return
    await inTransaction(this.#pool, async (client) => {
      await client.query(HISTORY_LOCK, [room])
      const from = Math.min(await stretchedTo(client, room), await indexedTo(client, room))
      await writeStretches(client, room, from)
    })
  }

  /** False where another node has been quicker, or retention has merged what was read. */
  async #write(indexed: Seq, until: Seq, full: boolean): Promise<boolean> {
    const { slices, versions } = until > indexed ? await this.#grown(indexed, until) : NOTHING
    const block = full ? this.#nextBlock(until) : undefined
    const ours = await inTransaction(this.#pool, async (client) => {
      await client.query(HISTORY_LOCK, [this.#room])
      if ((await indexedTo(client, this.#room)) !== indexed) return false
      if (block !== undefined && !(await this.#stands(client, block.lastSeq))) return false
      await writeSlices(client, this.#room, slices)
      for (const { seq, at, reason } of versions)
        await keepVersion(client, this.#room, { seq, at }, reason, SYSTEM)
      if (block !== undefined) await writeBlock(client, this.#room, block)
      return true
    })
    if (ours && block !== undefined) this.#drop(block)
    return ours
  }

  /**
   * Whether the log still has every entry that a block would tell of. Retention may have merged some, here or on another
   * node, since they were read; it goes on when the block is written, and drops that with all the others.
   */
  async #stands(client: Queryable, until: Seq): Promise<boolean> {
    await client.query(POSITIONS_LOCK, [this.#room])
    const seqs = this.#tail.map(({ entry }) => entry.seq).filter((seq) => seq <= until)
    const nearest = await nearestPositions(client, this.#room, seqs)
    return seqs.every((seq) => nearest(seq).before === seq)
  }

  async #grown(indexed: Seq, until: Seq): Promise<Grown> {
    const version = await lastAutomatic(this.#pool, this.#room)
    const progress = {
      slice: await newestSlice(this.#pool, this.#room),
      version,
      changed: await changedSince(this.#pool, this.#room, version),
    }
    return grow(
      progress,
      this.#tail.filter(({ entry }) => entry.seq > indexed && entry.seq <= until),
    )
  }

  #nextBlock(until: Seq) {
    const entries = this.#tail.map(({ entry }) => entry).filter(({ seq }) => seq <= until)
    return makeBlock(entries, (client) => this.#document.changes.knownAt(client, this.#blocksTo))
  }

  #drop(block: Block): void {
    this.#document.fold(block)
    this.#blocksTo = block.lastSeq
    this.#tail = this.#tail.filter(({ entry }) => entry.seq > block.lastSeq)
    this.#tailBytes = this.#tail.reduce((sum, { entry }) => sum + entry.bytes.length, 0)
  }

  /** Who looks at the versions of a room that everybody has left wants to see how they left it. */
  async #keepIdle(now: number): Promise<void> {
    const slice = await newestSlice(this.#pool, this.#room)
    if (slice === undefined || now - slice.lastAt < VERSION_IDLE) return
    if ((await lastAutomatic(this.#pool, this.#room)) >= slice.lastSeq) return
    await keepVersion(this.#pool, this.#room, { seq: slice.lastSeq, at: slice.lastAt }, 'idle', SYSTEM)
  }

  /** Takes the blocks that hold positions up to `seq`, as long as nothing was taken from the log. */
  async #growFromBlocks(seq: Seq, last?: 'ends there'): Promise<void> {
    if (this.#document.head >= seq || this.#tail.length > 0) return
    for await (const block of readBlocks(this.#pool, this.#room, this.#blocksTo, seq, last)) {
      this.#document.addBlock(block)
      this.#blocksTo = block.lastSeq
    }
  }

  /** False where it stops before `seq`, since so many bytes are in no block. */
  async #growFromLog(seq: Seq): Promise<boolean> {
    if (this.#document.head >= seq) return true
    if (this.#tailBytes >= this.#blockBytes) return false
    try {
      for await (const entry of read(this.#pool, this.#room, this.#document.head, seq)) {
        this.#tail.push({ entry, effect: this.#add(entry) })
        this.#tailBytes += entry.bytes.length
        if (this.#tailBytes >= this.#blockBytes) return entry.seq === seq
      }
      return true
    } catch (error) {
      const thinned = error instanceof SynclineError && error.code === 'position-gone'
      if (!thinned || this.#tail.length === 0) throw error
      // Retention has merged what was held here with what comes after it.
      this.#forget()
      await this.#growFromBlocks(seq, 'ends there')
      return this.#growFromLog(seq)
    }
  }

  #add(entry: HistoryEntry): Effect {
    try {
      return this.#document.add(entry)
    } catch (error) {
      throw damaged(error)
    }
  }

  #forget(): void {
    this.#document = new HistoryDocument(this.#documentBytes)
    this.#tail = []
    this.#tailBytes = 0
    this.#blocksTo = 0
  }
}
