import type pg from 'pg'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import type { RoomId } from './entry.ts'

/** Rows that one transaction deletes: a long room must not hold what others wait for. */
const CHUNK = 20_000
/** Series that one transaction deletes: with each go 12,360 buckets at most. */
const SERIES = 10

const bySeq = (table: string) =>
  `delete from ${table} where room_id = $1 and seq < (select min(seq) + ${CHUNK} from ${table} where room_id = $1)`
const byId = (table: string, most: number) =>
  `delete from ${table} where id = any(array(select id from ${table} where room_id = $1 limit ${most}))`

/** What a room may have millions of, a part each time. */
const IN_PARTS = [
  ...['room_updates', 'room_events', 'chat_messages', 'notifications'].map(bySeq),
  byId('webhook_deliveries', CHUNK),
  byId('activities', CHUNK),
  byId('analytics_series', SERIES),
]

/** Whether a write was undone because its room has a tombstone: see the triggers of migrations/006_erasure_and_retention.sql. */
export const isOfDeletedRoom = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'SL002'

/** Writes down who did it, in the transaction in which it is done. */
export type Note = (client: Queryable) => Promise<void>

/** Whatever has rows of a room: asked of the schema, so that no table that is added later is forgotten. */
const ROOM_TABLES = `
  select quote_ident(table_name) as name from information_schema.columns
  where table_schema = current_schema() and column_name = 'room_id'`

/**
 * Sets a room's tombstone, for good: entries that come after it are refused by the same statement that would
 * have inserted them. Waits for whoever is writing to the room just now. Returns the room, or undefined where
 * there is none of that name; one that has a tombstone keeps it.
 */
export function buryRoom(pool: pg.Pool, name: string, by: string, record: Note): Promise<RoomId | undefined> {
  return inTransaction(pool, async (client) => {
    // Not the lock that the update alone would take: this one waits for writers of snapshots and segments too.
    const { rows } = await client.query<{ id: string }>('select id from rooms where name = $1 for update', [
      name,
    ])
    const [room] = rows
    if (room === undefined) return undefined
    await client.query(
      `update rooms set deleted_at = clock_timestamp(), deleted_by = $2, title = null, editor = null
       where id = $1 and deleted_at is null`,
      [room.id, by],
    )
    await record(client)
    return Number(room.id) as RoomId
  })
}

/** Deletes all that is stored of a room that has a tombstone. What was cut short is simply done again. */
export async function eraseRows(pool: pg.Pool, room: RoomId, signal?: AbortSignal): Promise<void> {
  for (const part of IN_PARTS) {
    for (let deleted: number | null = null; deleted !== 0; ) {
      signal?.throwIfAborted()
      deleted = (await pool.query(part, [room])).rowCount
    }
  }
  await inTransaction(pool, async (client) => {
    const { rows: tables } = await client.query<{ name: string }>(ROOM_TABLES)
    for (const { name } of tables) await client.query(`delete from ${name} where room_id = $1`, [room])
    await client.query(
      'update rooms set erased_at = clock_timestamp() where id = $1 and deleted_at is not null',
      [room],
    )
  })
}

/** Rooms whose erasure was cut short. */
export async function halfErased(pool: pg.Pool): Promise<readonly RoomId[]> {
  const { rows } = await pool.query<{ id: string }>(
    'select id from rooms where deleted_at is not null and erased_at is null order by id',
  )
  return rows.map(({ id }) => Number(id) as RoomId)
}

/**
 * Forgets that there was a room of this name, once it is erased; false where there is no such tombstone. It stays
 * without a name: a node that has not heard of the deletion has the room open by its id, and is to be told.
 */
export function purgeTombstone(pool: pg.Pool, name: string, record: Note): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `update rooms set name = null, kind = '', head = 0, created_by = '', deleted_by = null,
         quarantined_at = null, quarantine_reason = null
       where name = $1 and erased_at is not null`,
      [name],
    )
    if (rowCount === 1) await record(client)
    return rowCount === 1
  })
}
