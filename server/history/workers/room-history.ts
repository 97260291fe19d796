import type pg from 'pg'
import { SynclineError } from '../../errors.ts'
import { type RoomId, type Seq, SYSTEM } from '../../log/entry.ts'
import { nearestPositions, POSITIONS_LOCK } from '../../log/positions.ts'
import { read } from '../../log/read.ts'
import { inTransaction, type Queryable } from '../../storage/transaction.ts'
import type { Block } from '../blocks/block.ts'
import { BLOCK_ENTRIES, blockedTo, damaged, readBlocks, writeBlock } from '../blocks/blocks.ts'
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

/** One room's history as a worker holds it: as much of it as somebody has asked for, and all that is indexed with it. */
export class RoomHistory {
  readonly #pool: pg.Pool
  readonly #room: RoomId
  #document = new HistoryDocument()
  /** What the document holds beyond the last block. */
  #tail: IndexedEntry[] = []
  #blocksTo: Seq = 0

  constructor(pool: pg.Pool, room: RoomId) {
    this.#pool = pool
    this.#room = room
  }

  /** In memory, about. */
  get bytes(): number {
    return this.#document.bytes + this.#tail.reduce((sum, { entry }) => sum + entry.bytes.length + 300, 0)
  }

  /**
   * Reads something of the room's document, which has the first `seq` entries at least.
   * @throws SynclineError `room-damaged` where the log up to there cannot be read or does not make a document
   */
  async read<Result>(
    seq: Seq,
    act: (document: HistoryDocument) => Result | Promise<Result>,
  ): Promise<Result> {
    await this.#growFromBlocks(seq)
    // A room that was never indexed: rather than hold all of its log, make what the next reader wants too.
    if (seq - this.#document.head > MOST_UNINDEXED) await this.index(seq, 0)
    await this.#growFromLog(seq)
    try {
      this.#document.integrate()
    } catch (error) {
      throw damaged(error)
    }
    return act(this.#document)
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
      const until = Math.min(head, blockEnd)
      if (until <= indexed && until < blockEnd) return true
      await this.#growFromLog(until)
      if (!(await this.#write(indexed, until))) this.#forget()
      if (performance.now() > stopAt) return false
    }
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
  async #write(indexed: Seq, until: Seq): Promise<boolean> {
    const { slices, versions } = until > indexed ? await this.#grown(indexed, until) : NOTHING
    const block = until - this.#blocksTo >= BLOCK_ENTRIES ? this.#nextBlock(until) : undefined
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
    for (const block of await readBlocks(this.#pool, this.#room, this.#blocksTo, seq, last)) {
      this.#document.addBlock(block)
      this.#blocksTo = block.lastSeq
    }
  }

  async #growFromLog(seq: Seq): Promise<void> {
    if (this.#document.head >= seq) return
    try {
      for await (const entry of read(this.#pool, this.#room, this.#document.head, seq)) {
        this.#tail.push({ entry, effect: this.#add(entry) })
      }
    } catch (error) {
      const thinned = error instanceof SynclineError && error.code === 'position-gone'
      if (!thinned || this.#tail.length === 0) throw error
      // Retention has merged what was held here with what comes after it.
      this.#forget()
      await this.#growFromBlocks(seq, 'ends there')
      await this.#growFromLog(seq)
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
    this.#document = new HistoryDocument()
    this.#tail = []
    this.#blocksTo = 0
  }
}
