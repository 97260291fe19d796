import type pg from 'pg'
import { keepVersion } from '../history/versions/versions.ts'
import type { Entry, NewEntry, RoomId } from '../log/entry.ts'
import type { Note } from '../log/erase.ts'
import type { StoredEvent } from '../log/events.ts'
import { encodeSegment } from '../log/segment.ts'
import { endsSegment, insertSegment, type Stage } from '../log/segment-table.ts'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import type { LoggedEntry, LogHeader } from './log-file.ts'

/** What lists show of the room. */
interface Shown {
  readonly title: string | null
  readonly editor: string | null
}

/** What has become of a room that was to be made: it is there now, it was there before, or it was deleted. */
export type Insertion = 'inserted' | 'there' | 'deleted'

/**
 * Makes a room with one entry, in one transaction. Its name says what it was made from, and a name is there
 * once: whoever comes second, or again, finds the room and changes nothing.
 */
export async function insertDocument(
  pool: pg.Pool,
  name: string,
  entry: NewEntry,
  { title, editor }: Shown,
): Promise<Insertion> {
  const inserted = await inTransaction(pool, async (client) => {
    await markImport(client, 'room')
    const { rows } = await client.query<{ id: string }>(
      `with room as (
       insert into rooms (name, kind, head, created_by, title, editor)
       values ($1, split_part($1, ':', 1), 1, $2, $3, $4)
       on conflict (name) do nothing
       returning id
     )
     insert into room_updates (room_id, seq, at, actor, bytes)
     select id, 1, to_timestamp($5 / 1000.0), $2, $6 from room returning room_id as id`,
      [name, entry.actor, title, editor, entry.at, entry.bytes],
    )
    const [room] = rows
    if (room !== undefined) await keepImported(client, Number(room.id) as RoomId, { ...entry, seq: 1 })
    return room !== undefined
  })
  return inserted ? 'inserted' : standing(pool, name)
}

/** No webhook is told of what happened elsewhere, or long ago: see migrations/026_webhooks.sql. In a transaction. */
const markImport = (client: Queryable, part: 'room' | 'log') =>
  client.query(`select set_config('syncline.importing', $1, true)`, [part])

/** What was brought in can be found again, whatever is made of it later. */
const keepImported = (
  client: Queryable,
  room: RoomId,
  { seq, at, actor }: Pick<Entry, 'seq' | 'at' | 'actor'>,
): Promise<void> => keepVersion(client, room, { seq, at }, 'import', actor)

async function standing(pool: pg.Pool, name: string): Promise<Insertion> {
  const { rows } = await pool.query<{ deleted: boolean }>(
    'select deleted_at is not null as deleted from rooms where name = $1',
    [name],
  )
  return rows[0]?.deleted ? 'deleted' : 'there'
}

export interface InsertOptions {
  /** Asked when the last entry has been read. */
  readonly shown: () => Shown
  /** Whether features make of the events what they make of new ones, such as notifications. Default true. */
  readonly followed?: boolean
  /** Whether more than a minute may pass between two questions of the transaction, as while entries are tried. Default false. */
  readonly unhurried?: boolean
  /** Called in the transaction in which the room is made. */
  readonly record?: Note
}

/** Makes a room with this log, all of it or nothing, in one transaction. */
export function insertLog(
  pool: pg.Pool,
  name: string,
  header: LogHeader,
  entries: AsyncIterable<LoggedEntry>,
  { shown, followed = true, unhurried = false, record }: InsertOptions,
): Promise<Insertion> {
  return inTransaction(pool, async (client) => {
    if (unhurried) await client.query('set local idle_in_transaction_session_timeout = 0')
    // That a copy is made happens now.
    await markImport(client, followed ? 'room' : 'log')
    const { rows } = await client.query<{ id: string }>(
      `insert into rooms (name, kind, created_at, created_by) values ($1, split_part($1, ':', 1), $2, $3)
       on conflict (name) do nothing returning id`,
      [name, header.createdAt, header.createdBy],
    )
    if (rows[0] === undefined) return standing(pool, name)
    const room = Number(rows[0].id) as RoomId
    const last = await insertSegments(client, room, entries, followed)
    const { title, editor } = shown()
    await client.query(
      'update rooms set head = $2, title = $3, editor = $4, events_after = $5 where id = $1',
      [room, last?.seq ?? 0, title, editor, header.eventsAfter ?? 0],
    )
    if (last !== undefined) await keepImported(client, room, { ...last, actor: header.createdBy })
    await record?.(client)
    return 'inserted'
  })
}

/**
 * Retention goes through a log from its oldest entry on: up to the last entry that it has merged, it is through with
 * all of them, and what comes after that it has not looked at.
 */
async function insertSegments(
  client: Queryable,
  room: RoomId,
  entries: AsyncIterable<LoggedEntry>,
  followed: boolean,
): Promise<Entry | undefined> {
  let last: Entry | undefined
  let merged = 0
  let run: LoggedEntry[] = []
  let bytes = 0
  const insert = async (entries: readonly Entry[], stage: Stage) => {
    if (entries.length > 0)
      await insertSegment(client, room, { entries, bytes: await encodeSegment(entries), stage })
  }
  const flush = async () => {
    const young = run.findLastIndex((entry) => entry.merged !== undefined) + 1
    await insert(run.slice(0, young), 1)
    await insert(run.slice(young), 0)
    await insertEvents(
      client,
      room,
      run.flatMap(({ events = [] }) => events),
      followed,
    )
    run = []
    bytes = 0
  }
  for await (const entry of entries) {
    if (endsSegment({ first: run[0], count: run.length, bytes }, entry)) await flush()
    run.push(entry)
    bytes += entry.bytes.length
    last = entry
    if (entry.merged !== undefined) merged = entry.seq
  }
  await flush()
  await client.query('update room_segments set stage = 1 where room_id = $1 and last_seq < $2', [
    room,
    merged,
  ])
  return last
}

async function insertEvents(
  client: Queryable,
  room: RoomId,
  events: readonly StoredEvent[],
  followed: boolean,
): Promise<void> {
  if (events.length === 0) return
  const column = (name: keyof StoredEvent) => events.map((event) => event[name])
  await client.query(
    // All of them are queued: a server that follows events knows which it follows, and drops the others.
    `with written as (
       insert into room_events (room_id, seq, at, actor, type, id, payload, size)
       select $1, seq, to_timestamp(at / 1000.0), actor, type, id, payload::jsonb, octet_length(payload)
       from unnest($2::bigint[], $3::float8[], $4::text[], $5::text[], $6::text[], $7::text[])
         as e(seq, at, actor, type, id, payload)
       returning room_id, seq
     )
     insert into event_queue (room_id, seq) select room_id, seq from written where $8`,
    [room, ...(['seq', 'at', 'actor', 'type', 'id', 'payload'] as const).map(column), followed],
  )
}
