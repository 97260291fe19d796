import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import type { RoomId, Seq } from '../log/entry.ts'
import { type Nearest, nearestPositions, pinPosition, requirePosition } from '../log/positions.ts'
import type { RoomLog } from '../log/room-log.ts'
import { findRoom, isQuarantined, type RoomRow } from '../log/rooms.ts'
import type { Logger } from '../observe/log.ts'
import type { Database } from '../storage/database.ts'
import { isStorageFailure } from '../storage/failure.ts'
import { inTransaction } from '../storage/transaction.ts'
import type { Compared, CompareRequest, PlannedRestore, RestorePlan } from './compare/compare.ts'
import type { Format } from './content/convert.ts'
import { type PositionContent, SentPositions } from './content/sent.ts'
import { earlierRestores, rememberRestore } from './restore/earlier.ts'
import type { RestoreTarget } from './restore/target.ts'
import { indexedTo } from './timeline/activity.ts'
import { type Bucket, readActivity, readWriters, type Writer } from './timeline/overview.ts'
import { stretchedTo } from './timeline/stretch-table.ts'
import { readTimeline, type TimelinePage, type TimelineQuery } from './timeline/timeline.ts'
import {
  deleteVersion,
  describeVersion,
  getVersion,
  keepVersion,
  listVersions,
  nameVersion,
  type Reason,
  type Version,
  type VersionCursor,
  type VersionEditor,
  type VersionText,
} from './versions/versions.ts'
import type { Wait } from './workers/history-worker.ts'
import { Indexer } from './workers/indexer.ts'
import type { Jobs } from './workers/jobs.ts'
import { type WatchJob, WorkerPool } from './workers/worker-pool.ts'

/** Where in a room's past: a seq (or what is left `nearest` to it), a moment, a version; the newest without it. */
export type At =
  | { readonly kind: 'seq'; readonly seq: Seq; readonly nearest?: keyof Nearest | undefined }
  | { readonly kind: 'time'; readonly time: number }
  | { readonly kind: 'version'; readonly id: string }
  | undefined

/** What is asked of a room's positions, once their seqs are found. */
export type Ask = (seqOf: (at: At) => Promise<Seq>, room: RoomId) => Promise<CompareRequest>

/** Says what is to be restored. */
export type AskTarget = (seqOf: (at: At) => Promise<Seq>) => Promise<RestoreTarget>

/**
 * What becomes of who reads a room that is quarantined: what is in its log may end the process, so only a process that
 * does nothing else reads it.
 */
type Quarantined = 'refused' | 'read'

/**
 * The past of every room: what is kept of it beside the log, and any position of it. All that takes time is done by
 * workers.
 */
export class History {
  readonly #pool: pg.Pool
  readonly #logger: Logger
  readonly #workers: WorkerPool
  readonly #indexer: Indexer
  readonly #sent = new SentPositions()
  readonly #quarantined: Quarantined

  constructor(database: Database, logger: Logger, quarantined: Quarantined = 'refused', watch?: WatchJob) {
    this.#pool = database.pool
    this.#logger = logger
    this.#workers = new WorkerPool({ databaseUrl: database.url }, watch)
    this.#indexer = new Indexer(this.#workers, logger, (room) => isQuarantined(database.pool, room))
    this.#quarantined = quarantined
  }

  /** Keeps up with what this room commits. */
  watch(room: RoomLog): void {
    this.#indexer.watch(room)
  }

  /**
   * What a room held at a position, in one of the formats.
   * @param signal here and below: whoever asked has left, and nothing need be done for them any more
   * @throws SynclineError `room-not-found`, `room-quarantined`, `position-invalid`, `position-gone`, `version-not-found`,
   *   `room-damaged`
   */
  content(name: string, at: At, format: Format, signal?: AbortSignal): Promise<PositionContent> {
    return this.#stored(async () => {
      const room = await this.#readable(name)
      const seq = await this.#resolve(room, at, signal)
      return this.#sent.read(room.id, seq, format, signal, (abandoned) =>
        this.#run('content', room.id, { seq, format }, abandoned),
      )
    })
  }

  /**
   * Compares positions of a room.
   * @param ask says what is asked, given what finds the seq of a position
   * @throws SynclineError `room-not-found`, `room-quarantined`, `position-invalid`, `version-not-found`,
   *   `restore-invalid`, `room-damaged`
   */
  compare(name: string, ask: Ask, signal?: AbortSignal): Promise<Compared> {
    return this.#stored(async () => {
      const room = await this.#readable(name)
      const request = await ask((at) => this.#resolve(room, at, signal), room.id)
      return this.#run('compare', room.id, { head: room.head, request }, signal)
    })
  }

  /**
   * What a restore of a room as it is now would do.
   * @throws SynclineError as `compare`
   */
  async planRestore(name: string, ask: AskTarget, signal?: AbortSignal): Promise<PlannedRestore> {
    const asked: Ask = async (seqOf, room) => {
      const target = await ask(seqOf)
      return { kind: 'restore', target, earlier: await earlierRestores(this.#pool, room, target) }
    }
    const { plan, ...compared } = await this.compare(name, asked, signal)
    if (plan === undefined) throw new Error('a restore was not planned')
    return { plan, ...compared }
  }

  /** Remembers that this is going to be restored, for later plans of the same. */
  rememberRestore(name: string, { target, client }: RestorePlan): Promise<void> {
    return this.#stored(async () => rememberRestore(this.#pool, (await this.#room(name)).id, target, client))
  }

  /** A page of the room's sessions, up to what was committed when it was asked for. */
  timeline(name: string, query: TimelineQuery): Promise<TimelinePage & { readonly head: Seq }> {
    return this.#stored(async () => {
      const room = await this.#room(name)
      await this.#indexed(room)
      return { ...(await readTimeline(this.#pool, room.id, query)), head: room.head }
    })
  }

  /** Brings what is kept of a room beside the log up to date: retention takes away what it is made from. */
  index(name: string): Promise<void> {
    return this.#stored(async () => this.#indexed(await this.#readable(name)))
  }

  /** Everybody who ever wrote in the room, most entries first. */
  writers(name: string): Promise<readonly Writer[]> {
    return this.#stored(async () => {
      const room = await this.#room(name)
      await this.#indexed(room)
      return readWriters(this.#pool, room.id)
    })
  }

  /** How much was done in each of at most `buckets` stretches of the room's entries, oldest first. */
  activity(
    name: string,
    buckets: number,
  ): Promise<{ readonly head: Seq; readonly buckets: readonly Bucket[] }> {
    return this.#stored(async () => {
      const room = await this.#room(name)
      await this.#indexed(room)
      const { id, head } = room
      return { head, buckets: await readActivity(this.#pool, id, head, buckets) }
    })
  }

  /** Which position that is, when it was reached (ms) and by whom; null both for the empty room. */
  position(
    name: string,
    at: At,
    signal?: AbortSignal,
  ): Promise<{ readonly seq: Seq; readonly at: number | null; readonly actor: string | null }> {
    return this.#stored(async () => {
      const room = await this.#room(name)
      const seq = await this.#resolve(room, at, signal)
      return { seq, at: null, actor: null, ...(await this.#run('entryOf', room.id, { seq }, signal)) }
    })
  }

  versions(
    name: string,
    query: {
      readonly limit: number
      readonly namedOnly: boolean
      readonly after?: VersionCursor | undefined
    },
  ): Promise<readonly Version[]> {
    return this.#stored(async () => {
      const room = await this.#room(name)
      // Also where it is up to date: who has been gone for a while has left a version behind.
      await this.#indexed(room, 'also for pauses')
      return listVersions(this.#pool, room.id, query)
    })
  }

  version(name: string, id: string): Promise<Version> {
    return this.#stored(async () => getVersion(this.#pool, (await this.#room(name)).id, id))
  }

  /** Gives a position a name; what is committed by now where no other is meant. */
  nameVersion(name: string, at: At, author: string, text: VersionText): Promise<Version> {
    return this.#stored(async () => {
      const room = await this.#room(name)
      const seq = await this.#resolve(room, at)
      const position = await this.#timed(room.id, seq)
      return pinPosition(this.#pool, room.id, seq, (client) =>
        nameVersion(client, room.id, position, author, text),
      )
    })
  }

  /** Keeps a position because of what is about to happen to the room, or has just happened. */
  keepVersion(name: string, seq: Seq, reason: Reason, author: string): Promise<void> {
    return this.#stored(async () => {
      const room = await this.#room(name)
      await this.#resolve(room, { kind: 'seq', seq })
      const position = await this.#timed(room.id, seq)
      await pinPosition(this.#pool, room.id, seq, (client) =>
        keepVersion(client, room.id, position, reason, author),
      )
    })
  }

  describeVersion(
    name: string,
    id: string,
    editor: VersionEditor,
    text: Partial<VersionText>,
  ): Promise<Version> {
    return this.#stored(async () => {
      const room = await this.#room(name)
      return inTransaction(this.#pool, (client) => describeVersion(client, room.id, id, editor, text))
    })
  }

  deleteVersion(name: string, id: string, editor: VersionEditor): Promise<void> {
    return this.#stored(async () => {
      const room = await this.#room(name)
      return inTransaction(this.#pool, (client) => deleteVersion(client, room.id, id, editor))
    })
  }

  /**
   * Drops what is held in memory of a room, or of all.
   * @param wait `briefly` where it is to be gone at once, since the room was erased or the database has gone back: what
   *   takes longer than that is begun anew. Where retention has changed the log no position is answered that is gone
   *   anyway, and what is being done is let alone.
   */
  async forget(room?: RoomId, wait: Wait = 'briefly'): Promise<void> {
    this.#indexer.forget(room)
    this.#sent.forget(room)
    // What is being read just now comes before the answer to this.
    await this.#workers.forget(room, wait)
    this.#sent.forget(room)
  }

  /** Ends the workers; what they have not indexed yet is indexed by whoever reads it. */
  async close(): Promise<void> {
    this.#indexer.stop()
    await this.#workers.close()
  }

  async #room(name: string): Promise<RoomRow> {
    const room = await findRoom(this.#pool, name)
    if (room === undefined) throw new SynclineError('room-not-found')
    return room
  }

  /** A room of which the bytes may be read, and not only what is listed of it. */
  async #readable(name: string): Promise<RoomRow> {
    const room = await this.#room(name)
    if (this.#isShut(room)) throw new SynclineError('room-quarantined')
    return room
  }

  #isShut({ quarantine }: RoomRow): boolean {
    return quarantine !== undefined && this.#quarantined === 'refused'
  }

  async #resolve(room: RoomRow, at: At, signal?: AbortSignal): Promise<Seq> {
    switch (at?.kind) {
      case undefined:
        return room.head
      case 'seq':
        if (at.seq > room.head) throw new SynclineError('position-invalid', `the room is at ${room.head}`)
        return this.#left(room, at.seq, at.nearest)
      case 'time':
        return this.#run('seqAt', room.id, { head: room.head, time: at.time }, signal)
      case 'version':
        return this.#left(room, (await getVersion(this.#pool, room.id, at.id)).seq)
    }
  }

  /** What is kept beside the log may still know moments that retention has merged. */
  async #left({ id }: RoomRow, seq: Seq, nearest?: keyof Nearest): Promise<Seq> {
    if (nearest !== undefined) return (await nearestPositions(this.#pool, id, [seq]))(seq)[nearest]
    await requirePosition(this.#pool, id, seq)
    return seq
  }

  /** What comes behind a damage, or a quarantine, has no sessions; the rest of the timeline is there nevertheless. */
  async #indexed(room: RoomRow, why?: 'also for pauses'): Promise<void> {
    const { id, head } = room
    if (this.#isShut(room)) return
    const there = await Promise.all([indexedTo(this.#pool, id), stretchedTo(this.#pool, id)])
    if (why === undefined && Math.min(...there) >= head) return
    try {
      await this.#indexer.catchUp(id, head)
    } catch (error) {
      const readable = error instanceof SynclineError && error.code === 'room-damaged'
      if (!readable || (await indexedTo(this.#pool, id)) === 0) throw error
      this.#logger.error({ err: error, roomId: id }, 'a room is damaged; its timeline ends there')
    }
  }

  async #timed(room: RoomId, seq: Seq): Promise<{ readonly seq: Seq; readonly at: number }> {
    return { seq, at: (await this.#run('entryOf', room, { seq }))?.at ?? Date.now() }
  }

  #run<Kind extends keyof Jobs>(
    kind: Kind,
    room: RoomId,
    input: Jobs[Kind]['input'],
    signal?: AbortSignal,
  ): Promise<Jobs[Kind]['output']> {
    return this.#workers.run(kind, room, input, signal)
  }

  async #stored<Result>(act: () => Promise<Result>): Promise<Result> {
    try {
      return await act()
    } catch (error) {
      if (!isStorageFailure(error)) throw error
      throw new SynclineError('storage-unavailable', undefined, { cause: error })
    }
  }
}
