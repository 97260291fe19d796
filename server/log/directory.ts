import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import { isStorageFailure } from '../storage/failure.ts'
import type { Seq } from './entry.ts'

/** What lists show of a room. */
export interface RoomSummary {
  readonly name: string
  readonly kind: string
  readonly title: string | null
  readonly editor: string | null
  readonly head: Seq
  readonly createdAt: Date
  readonly createdBy: string
  readonly changedAt: Date
}

interface RoomQuery {
  readonly kind?: string | undefined
  /** The rooms that may be listed at all: every one, those of some kinds and those of some names. */
  readonly readable: 'all' | { readonly kinds: readonly string[]; readonly names: readonly string[] }
  /** Rooms that are left out all the same. */
  readonly except?: readonly string[] | undefined
  /** Kinds of which no room is listed. */
  readonly exceptKinds?: readonly string[] | undefined
  readonly limit: number
  /** The place of a room, after which the list begins. */
  readonly after?: string | undefined
}

export interface Listed<Room> {
  readonly room: Room
  /** Its place in the list. */
  readonly cursor: string
}

/** The rooms there are, last changed first. A room that changes between two pages moves to the front. */
export interface RoomDirectory {
  list(query: RoomQuery): Promise<readonly Listed<RoomSummary>[]>
  /** @throws SynclineError `room-deleted` */
  get(name: string): Promise<RoomSummary | undefined>
}

const COLUMNS = `name, kind, room_title(rooms) as title, editor, head::float8 as head, created_at as "createdAt",
  created_by as "createdBy", changed_at as "changedAt"`

// A cursor is `microseconds.id`: a Date would cut the microseconds off and skip rooms of one millisecond.
const LIST = `
  select ${COLUMNS}, (extract(epoch from changed_at) * 1000000)::bigint || '.' || id as cursor
  from rooms
  where deleted_at is null and ($1::text is null or kind = $1)
    and ($2::boolean or kind = any($3::text[]) or name = any($4::text[]))
    and ($5::bigint is null
      or (changed_at, id) < (timestamptz 'epoch' + $5::bigint * interval '1 microsecond', $6::bigint))
    and name <> all($8::text[]) and kind <> all($9::text[])
  order by changed_at desc, id desc
  limit $7`

const GET = `select ${COLUMNS}, deleted_at is not null as deleted from rooms where name = $1`

export function createRoomDirectory(pool: Pick<pg.Pool, 'query'>): RoomDirectory {
  return {
    async list({ kind, readable, except = [], exceptKinds = [], limit, after }) {
      const { kinds, names } = readable === 'all' ? { kinds: [], names: [] } : readable
      const [micros, id] = after?.split('.') ?? []
      const found = await pool
        .query<RoomSummary & { readonly cursor: string }>(LIST, [
          kind ?? null,
          readable === 'all',
          kinds,
          names,
          micros ?? null,
          id ?? null,
          limit,
          except,
          exceptKinds,
        ])
        .catch(refuse)
      return found.rows.map(({ cursor, ...room }) => ({ room, cursor }))
    },

    async get(name) {
      const found = await pool.query<RoomSummary & { deleted: boolean }>(GET, [name]).catch(refuse)
      const { deleted, ...room } = found.rows[0] ?? { deleted: undefined }
      if (deleted === true) throw new SynclineError('room-deleted')
      return deleted === undefined ? undefined : (room as RoomSummary)
    },
  }
}

function refuse(error: unknown): never {
  if (!isStorageFailure(error)) throw error
  throw new SynclineError('storage-unavailable', undefined, { cause: error })
}
