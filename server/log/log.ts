import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import type { Database } from '../storage/database.ts'
import { Committer, type CommitterState, type WatchBatch } from './committer.ts'
import { dropEvents, type RoomWithOldEvents, roomsWithOldEvents } from './drop-events.ts'
import type { Entry, RoomId, Seq } from './entry.ts'
import { type EntryHead, readEntryHeads } from './entry-heads.ts'
import { buryRoom, eraseRows, halfErased, type Note, purgeTombstone } from './erase.ts'
import {
  type EventRange,
  type EventRecord,
  eventsDropped,
  findEvent,
  readEvents,
  type StoredEvent,
} from './events.ts'
import { HeldRooms, type Unsaved } from './held-rooms.ts'
import { Lookout } from './lookout.ts'
import { Packer } from './packer.ts'
import { read } from './read.ts'
import { type Commit, RoomLog } from './room-log.ts'
import {
  createRoom,
  describeRoom,
  findRoom,
  findRoomToOpen,
  type LoadOutcome,
  markLoad,
  type Quarantine,
  quarantineRoom,
  type RoomRow,
  releaseRoom,
  roomNames,
} from './rooms.ts'
import { type Snapshot, type StoredSnapshot, saveSnapshot, snapshots, storedSnapshots } from './snapshot.ts'

/** A room that is open for appending, until it is released by everybody who holds it. */
export interface HeldRoom {
  readonly room: RoomLog
  /** An earlier load may have taken its process with it. */
  readonly suspect: boolean
  readonly release: () => void
}

/** All rooms' logs, as this node sees them: bytes and SQL; what the bytes mean is for others to know. */
export class Log {
  readonly #database: Database
  readonly #committer: Committer
  readonly #packer: Packer
  readonly #logger: Logger
  readonly #openListeners = new Set<(room: RoomLog, name: string) => void>()
  readonly #rooms = new HeldRooms()
  readonly #lookout: Lookout
  /** How long what other nodes have written may still arrive by itself before it is read, in ms. */
  patience: () => number = () => 0
  /** Whether rooms are there, as it is being asked: by whoever may create them, and by others. */
  readonly #asked = new Map<string, Promise<boolean>>()

  constructor(database: Database, logger: Logger, maxQueueBytes: number, watch?: WatchBatch) {
    this.#database = database
    this.#logger = logger
    this.#lookout = new Lookout(database.pool, this.#rooms, logger)
    this.#committer = new Committer(database, this.#lookout, logger, maxQueueBytes, watch)
    this.#packer = new Packer(database.pool, logger)
  }

  get state(): CommitterState {
    return this.#committer.state
  }

  /** Whether new entries should be refused, because too many wait for the database. */
  get full(): boolean {
    return this.#committer.full
  }

  /** @throws SynclineError `storage-full`, `storage-rejects` where new entries of the room are to be refused for now */
  requireSpace(room: RoomLog): void {
    if (this.#committer.full) throw new SynclineError('storage-full')
    if (this.#committer.rejects(room)) throw new SynclineError('storage-rejects')
  }

  /** Counts an entry of so many bytes, which may still be handed in, among those that wait; returns what ends that. */
  reserve(bytes: number): () => void {
    return this.#committer.reserve(bytes)
  }

  /** Whether the room is there now: found, or created for `createBy`; a failure throws. A crowd asks once for all. */
  ensure(name: string, createBy: string | undefined): Promise<boolean> {
    const question = JSON.stringify([name, createBy !== undefined])
    const known = this.#asked.get(question)
    if (known !== undefined) return known
    const found = this.#findOrCreate(name, createBy)
      .then((row) => row !== undefined)
      .finally(() => this.#asked.delete(question))
    this.#asked.set(question, found)
    return found
  }

  /**
   * Opens a room for appending, for as long as it is held; undefined where it is absent and nobody may create it.
   * A failure throws.
   */
  async open(name: string, createBy: string | undefined): Promise<HeldRoom | undefined> {
    const row = await this.#lookout.inOneEra(() =>
      this.#rooms.lookUp(() => this.#findOrCreate(name, createBy)),
    )
    if (row === undefined) return undefined
    const known = this.#rooms.get(row.id)
    const room = known ?? this.#roomLog(row)
    if (known === undefined) {
      this.#rooms.add(name, room)
      this.#packer.watch(room)
      for (const listener of this.#openListeners) listener(room, name)
    }
    if (row.lanes !== undefined) this.#lookout.ledger.read(row.lanes)
    room.heard(row.head)
    return { room, suspect: row.cutShort, release: this.#rooms.hold(room) }
  }

  /** Holds a room once more that somebody holds already; returns what lets it go. */
  hold(room: RoomLog): () => void {
    return this.#rooms.hold(room)
  }

  /** A room as it lies there, also where nobody may open it: for looking into it. */
  async inspect(
    name: string,
  ): Promise<{ readonly room: RoomLog; readonly quarantine: Quarantine | undefined } | undefined> {
    const row = await findRoom(this.#database.pool, name)
    if (row === undefined) return undefined
    return { room: this.#roomLog(row), quarantine: row.quarantine }
  }

  /**
   * Notes that a load begins; what is returned notes that it has ended. A process that dies in between leaves
   * the note. It is sent before anything of the room is read, and not waited for: reading goes on where the
   * database takes no writes.
   */
  loading(room: RoomId): (outcome: LoadOutcome) => void {
    // Where no answer came the note may stand all the same.
    const begun = markLoad(this.#database, room, 'begun').catch(() => undefined)
    return (outcome) => {
      begun
        .then(() => markLoad(this.#database, room, outcome))
        .catch((error: unknown) => {
          // For a while each load of the room is tried elsewhere first, and is then as good as any.
          this.#logger.info({ err: error, roomId: room }, 'the end of a load could not be noted')
        })
    }
  }

  /** Nobody may open the room any more. What is in its log stays as it is. */
  quarantine(room: RoomId, reason: string): Promise<void> {
    return quarantineRoom(this.#database.pool, room, reason)
  }

  /** Ends a quarantine; false where there was none. */
  release(name: string, record?: Note): Promise<boolean> {
    return releaseRoom(this.#database.pool, name, record)
  }

  /** Calls back with every room that is opened for appending. */
  onOpen(listener: (room: RoomLog, name: string) => void): void {
    this.#openListeners.add(listener)
  }

  /**
   * Deletes a room: first its tombstone, in a transaction of its own, then all that is stored of it. False where
   * there is none of that name. A room that has a tombstone already is erased to the end.
   */
  async erase(name: string, by: string, record: Note): Promise<boolean> {
    const room = await buryRoom(this.#database.pool, name, by, record)
    if (room === undefined) return false
    this.deleted(room)
    await eraseRows(this.#database.pool, room)
    return true
  }

  openRooms(): readonly RoomLog[] {
    return this.#rooms.all
  }

  unsaved(): readonly Unsaved[] {
    return this.#rooms.unsaved()
  }

  /** Another node has told of what it has committed. */
  received(room: RoomLog, { lastSeq, entries, mark }: Pick<Commit, 'lastSeq' | 'entries' | 'mark'>): void {
    this.#lookout.ledger.heard(mark)
    room.received(lastSeq, entries)
  }

  /** Counts how often the database has gone back. */
  get era(): number {
    return this.#lookout.ledger.era
  }

  /** Calls back when the database has gone back. */
  onGoneBack(listener: () => void): void {
    this.#lookout.onGoneBack(listener)
  }

  /** A room has a tombstone, whichever node has set it: whoever has it open here is told. */
  deleted(room: RoomId): void {
    this.#rooms.get(room)?.end('room-deleted')
  }

  /** Takes up the erasures that a crash has cut short. One that fails keeps no other from it, and is thrown at the end. */
  async finishErasures(signal: AbortSignal): Promise<void> {
    const failures: unknown[] = []
    for (const room of await halfErased(this.#database.pool)) {
      if (signal.aborted) break
      await eraseRows(this.#database.pool, room, signal).catch((error: unknown) => failures.push(error))
    }
    if (failures.length > 0) throw new AggregateError(failures, 'rooms could not be erased')
  }

  /** Makes the name of an erased room one that was never used; false where there is no such tombstone. */
  purge(name: string, record: Note): Promise<boolean> {
    return purgeTombstone(this.#database.pool, name, record)
  }

  /** The names of all rooms, oldest first. */
  names(): Promise<readonly string[]> {
    return roomNames(this.#database.pool)
  }

  read(room: RoomId, after: Seq, until: Seq): AsyncGenerator<Entry> {
    return read(this.#database.pool, room, after, until)
  }

  /** As `read`, but of many events in a row only one entry, which says how far they go. */
  edits(room: RoomId, after: Seq, until: Seq, within?: number): AsyncGenerator<Entry> {
    return read(this.#database.pool, room, after, until, 'edits', within)
  }

  /** The first entries after a position, without what they hold. */
  entryHeads(room: RoomId, after: Seq, limit: number): Promise<readonly EntryHead[]> {
    return readEntryHeads(this.#database.pool, room, after, limit)
  }

  /** Events of a room, in order. */
  events(room: RoomId, range: EventRange): Promise<readonly StoredEvent[]> {
    return readEvents(this.#database.pool, room, range)
  }

  /** The event of a room that has this id. */
  eventById(room: RoomId, id: string): Promise<EventRecord | undefined> {
    return findEvent(this.#database.pool, room, id)
  }

  /** Looks up how far the room is: other nodes write to it as well. */
  refresh(room: RoomLog): Promise<void> {
    return this.#lookout.look([room])
  }

  /** Looks up how far all rooms are that are open here, within so many ms. */
  async refreshAll(within: number): Promise<void> {
    const rooms = this.openRooms()
    if (rooms.length > 0) await this.#lookout.look(rooms, within)
  }

  /** Up to where events of a room may have been dropped by retention. */
  eventsDropped(room: RoomId): Promise<Seq> {
    return eventsDropped(this.#database.pool, room)
  }

  /** Rooms that have events from before a time (ms since the epoch): of these kinds, or of all but those. */
  roomsWithOldEvents(
    kinds: { readonly only: readonly string[] } | { readonly except: readonly string[] },
    before: number,
  ): Promise<readonly RoomWithOldEvents[]> {
    return roomsWithOldEvents(this.#database.pool, kinds, before)
  }

  /** Drops a room's events from before a time; positions of the document stay. Returns how many were dropped. */
  dropEvents(room: RoomId, before: number, signal: AbortSignal): Promise<number> {
    return dropEvents(this.#database.pool, room, before, signal)
  }

  snapshots(room: RoomId): AsyncGenerator<Snapshot> {
    return snapshots(this.#database.pool, room)
  }

  /** All of them, also those that are damaged. */
  storedSnapshots(room: RoomId): AsyncGenerator<StoredSnapshot> {
    return storedSnapshots(this.#database.pool, room)
  }

  saveSnapshot(room: RoomId, snapshot: Snapshot): Promise<boolean> {
    return saveSnapshot(this.#database.pool, room, snapshot, this.#lookout.ledger.marks)
  }

  describe(
    room: RoomId,
    summary: { readonly title: string | null; readonly editor: string | null },
  ): Promise<void> {
    return describeRoom(this.#database.pool, room, summary)
  }

  /** Waits until all is committed and packing has come to rest. */
  async close(): Promise<void> {
    await this.#committer.close()
    await this.#packer.close()
  }

  /** Stops at once, whatever waits. */
  async abandon(): Promise<void> {
    this.#packer.stop()
    await this.#committer.abandon()
  }

  #roomLog({ id, head }: RoomRow): RoomLog {
    return new RoomLog(id, head, this.#committer, () => this.patience())
  }

  async #findOrCreate(name: string, createBy: string | undefined): Promise<RoomRow | undefined> {
    const { pool } = this.#database
    let row = await findRoomToOpen(pool, name)
    if (row === undefined && createBy !== undefined) {
      const created = await createRoom(pool, name, createBy)
      // Somebody else has made it meanwhile, and written to it: how far the lanes are is not known by that.
      row = created.head === 0 ? created : await findRoomToOpen(pool, name)
    }
    if (row?.quarantine !== undefined) throw new SynclineError('room-quarantined')
    return row
  }
}
