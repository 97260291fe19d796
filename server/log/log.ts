import type { Logger } from '../observe/log.ts'
import type { Database } from '../storage/database.ts'
import { Committer, type CommitterState } from './committer.ts'
import type { Entry, RoomId, Seq } from './entry.ts'
import { Packer } from './packer.ts'
import { read } from './read.ts'
import { RoomLog } from './room-log.ts'
import { createRoom, describeRoom, findRoom, type RoomRow, roomNames } from './rooms.ts'
import { type Snapshot, saveSnapshot, snapshots } from './snapshot.ts'

/** All rooms' logs, as this node sees them: bytes and SQL; what the bytes mean is for others to know. */
export class Log {
  readonly #database: Database
  readonly #committer: Committer
  readonly #packer: Packer

  constructor(database: Database, logger: Logger, maxQueueBytes: number) {
    this.#database = database
    this.#committer = new Committer(database, logger, maxQueueBytes)
    this.#packer = new Packer(database.pool, logger)
  }

  get state(): CommitterState {
    return this.#committer.state
  }

  /** Whether new entries should be refused, because too many wait for the database. */
  get full(): boolean {
    return this.#committer.full
  }

  /** Whether the room is there now: found, or created for `createBy`; a failure throws. */
  async ensure(name: string, createBy: string | undefined): Promise<boolean> {
    return (await this.#findOrCreate(name, createBy)) !== undefined
  }

  /** Opens a room for appending; undefined where it is absent and nobody may create it. A failure throws. */
  async open(name: string, createBy: string | undefined): Promise<RoomLog | undefined> {
    const row = await this.#findOrCreate(name, createBy)
    if (row === undefined) return undefined
    const room = new RoomLog(row.id, row.head, this.#committer)
    this.#packer.watch(room)
    return room
  }

  /** The names of all rooms, oldest first. */
  names(): Promise<readonly string[]> {
    return roomNames(this.#database.pool)
  }

  read(room: RoomId, after: Seq, until: Seq): AsyncGenerator<Entry> {
    return read(this.#database.pool, room, after, until)
  }

  snapshots(room: RoomId): AsyncGenerator<Snapshot> {
    return snapshots(this.#database.pool, room)
  }

  saveSnapshot(room: RoomId, snapshot: Snapshot): Promise<void> {
    return saveSnapshot(this.#database.pool, room, snapshot)
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

  async #findOrCreate(name: string, createBy: string | undefined): Promise<RoomRow | undefined> {
    const { pool } = this.#database
    return (
      (await findRoom(pool, name)) ?? (createBy === undefined ? undefined : createRoom(pool, name, createBy))
    )
  }
}
