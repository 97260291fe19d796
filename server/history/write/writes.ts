import { SynclineError } from '../../errors.ts'
import type { RoomId, Seq } from '../../log/entry.ts'
import { findRoom, type RoomRow } from '../../log/rooms.ts'
import type { Database } from '../../storage/database.ts'
import type { Held, NodeTurns } from '../restore/node-turns.ts'
import type { RoomTurns } from '../restore/turns.ts'
import { HistoryWorker, WORKER_LIMITS } from '../workers/history-worker.ts'
import type { JobKind, Jobs } from '../workers/jobs.ts'
import {
  answerWrite,
  findWrite,
  forgetOldWrites,
  type KeyedWrite,
  keyHash,
  rememberWrite,
  requestHash,
} from './keyed-writes.ts'
import type { Writing } from './requests.ts'
import type { Simplified } from './simplified.ts'
import type { PlannedWrite } from './write.ts'

/** How long one write may take to be read and planned, in ms: what is honest takes a hundredth of it. */
const PLANNED_WITHIN = 10_000
/** A room that is not there yet has no key. */
const NO_ROOM = 0 as RoomId

export interface WriteAsked {
  readonly room: string
  readonly user: string
  /** Whether the room is created where it is absent. */
  readonly mayCreate: boolean
  readonly writing: Writing
  /** The position after which nobody else may have written. */
  readonly expect: Seq | undefined
  /** Refused where something of the content would be simplified. */
  readonly strict: boolean
  /** The same again is done once. */
  readonly key: string | undefined
  readonly signal?: AbortSignal
}

/** What came of it: `seq` is the edit's, or, where nothing was to be changed, that of the state that says it already. */
export interface Written {
  readonly seq: Seq
  readonly changed: boolean
  readonly simplified: readonly Simplified[]
}

/** An edit that is to be made in a room. */
interface Edit {
  readonly update: Uint8Array
  readonly client: number
  /** The position that it builds on. */
  readonly head: Seq
  /** Refused with `content-changed` where the document is another; undefined for any. */
  readonly fingerprint: string | undefined
}

export interface WritesOptions {
  readonly database: Database
  /** One at a time in a room, restores among them: two that were made for the same state would both bring the same. */
  readonly turns: RoomTurns
  /** The same among all nodes: who has the room's turn here waits for the others'. */
  readonly nodes: Pick<NodeTurns, 'take'>
  /** Finds the room, or creates it for that person. */
  readonly ensure: (room: string, user: string) => Promise<boolean>
  /** Makes the edit in the live room as this person; resolves with its seq when it is committed. */
  readonly apply: (room: string, user: string, edit: Edit) => Promise<Seq>
}

/**
 * Writes what is sent as a document's content: a thread makes an edit of it, for the document as the log has it, and the
 * live room takes that as any other. So who types meanwhile loses nothing, and all of it has an author and a past.
 */
export class Writes {
  readonly #options: WritesOptions
  readonly #worker: HistoryWorker

  constructor(options: WritesOptions) {
    this.#options = options
    // Not history's own threads: what is sent may be made to take its time.
    this.#worker = new HistoryWorker({
      databaseUrl: options.database.url,
      limits: { ...WORKER_LIMITS, deadline: PLANNED_WITHIN },
      late: (detail) => new SynclineError('content-invalid', detail),
    })
  }

  /**
   * Resolves when it is committed.
   * @throws SynclineError `content-invalid`, `content-simplified`, `content-changed`, `patch-stale`, `key-reused`, `room-not-found`,
   *   `history-busy`, `request-abandoned`, and whatever refuses an edit that comes over a connection
   */
  write(asked: WriteAsked): Promise<Written> {
    const { turns, nodes } = this.#options
    const write = (held: Held) =>
      asked.key === undefined ? this.#once(asked, held) : this.#keyed(asked, asked.key, held)
    return turns.take(asked, () => nodes.take(asked.room, write))
  }

  /** Forgets keys that nobody asks with any more. */
  async forgetOld(): Promise<void> {
    await forgetOldWrites(this.#options.database.pool)
  }

  close(): Promise<void> {
    return this.#worker.close()
  }

  async #once(asked: WriteAsked, held: Held): Promise<Written> {
    const { head, update, simplified, ...plan } = await this.#plan(asked, await this.#room(asked))
    if (update === undefined) return { seq: head, changed: false, simplified }
    const { room, user } = asked
    // Where the turn was lost meanwhile, another node may be writing the same.
    await held()
    const seq = await this.#options.apply(room, user, { head, update, ...plan })
    return { seq, changed: true, simplified }
  }

  async #keyed(asked: WriteAsked, name: string, held: Held): Promise<Written> {
    const { pool } = this.#options.database
    const { room, user, writing } = asked
    const key = keyHash(user, name)
    const there = await this.#room(asked)
    const known = there && (await findWrite(pool, there.id, key))
    if (there !== undefined && known !== undefined) return this.#finish(asked, there.id, key, known, held)
    const { update, ...plan } = await this.#plan(asked, there)
    await this.#options.ensure(room, user)
    const created = there ?? (await findRoom(pool, room))
    if (created === undefined) throw new SynclineError('room-not-found')
    const write = {
      ...plan,
      request: requestHash(writing),
      edit: update,
      changed: update !== undefined,
      seq: update === undefined ? plan.head : undefined,
    }
    const remembered = await rememberWrite(pool, created.id, key, write)
    return this.#finish(asked, created.id, key, remembered, held)
  }

  /** Makes the edit that is remembered, if it was not made yet: whoever makes it again makes the same one. */
  async #finish(
    asked: WriteAsked,
    room: RoomId,
    key: Buffer,
    write: KeyedWrite,
    held: Held,
  ): Promise<Written> {
    const { pool } = this.#options.database
    const { head, client, edit, fingerprint, changed, simplified } = write
    if (!write.request.equals(requestHash(asked.writing))) throw new SynclineError('key-reused')
    if (write.seq !== undefined) return { seq: write.seq, changed, simplified }
    if (edit === undefined) throw new Error('a write has neither its edit nor its answer')
    await held()
    const done = await this.#options.apply(asked.room, asked.user, {
      update: edit,
      client,
      head,
      fingerprint,
    })
    // Others may have written since it was made, before a crash.
    const seq = (await this.#run('entryBy', room, { after: head, head: done, client }, asked.signal)) ?? done
    await answerWrite(pool, room, key, seq)
    return { seq, changed, simplified }
  }

  #plan(asked: WriteAsked, room: RoomRow | undefined): Promise<PlannedWrite> {
    const { writing, expect, strict, key, mayCreate, signal } = asked
    if (room === undefined && !mayCreate) throw new SynclineError('room-not-found')
    const request = { writing, expect, strict, keyed: key !== undefined }
    return this.#run('write', room?.id ?? NO_ROOM, { head: room?.head ?? 0, request }, signal)
  }

  async #room({ room }: WriteAsked): Promise<RoomRow | undefined> {
    const row = await findRoom(this.#options.database.pool, room)
    if (row?.quarantine !== undefined) throw new SynclineError('room-quarantined')
    return row
  }

  #run<Kind extends JobKind>(
    kind: Kind,
    room: RoomId,
    input: Jobs[Kind]['input'],
    signal: AbortSignal | undefined,
  ): Promise<Jobs[Kind]['output']> {
    const { promise, resolve, reject } = Promise.withResolvers<Jobs[Kind]['output']>()
    this.#worker.run({ kind, room, input, signal, resolve, reject })
    return promise
  }
}
