import type pg from 'pg'
import type { Queryable } from '../storage/transaction.ts'
import type { EventName, RoomId, Seq } from './entry.ts'

/** An event that is committed. */
export interface StoredEvent extends EventName {
  readonly seq: Seq
  /** When the server took it, in milliseconds since the epoch. */
  readonly at: number
  readonly actor: string
  /** As JSON, ready to be sent on. */
  readonly payload: string
}

export interface EventRange {
  readonly after: Seq
  readonly until: Seq
  /** The most that is returned; it may be fewer, but never none where there are any. */
  readonly limit: number
  /** Only these types; all where it is undefined. */
  readonly types?: readonly string[] | undefined
}

/** Of a page's payloads. */
const PAGE_BYTES = 2 * 1024 * 1024

/** `size` bounds the page before any payload is read. */
const page = (events: string): string => `
select seq, extract(epoch from at) * 1000 as at, actor, type, id, payload::text as payload from (
  select *, sum(size) over (order by seq) as total from (${events}) page
) page where total - size < $5 order by seq`

const ALL = page(
  'select * from room_events where room_id = $1 and seq > $2 and seq <= $3 order by seq limit $4',
)

/** Each type from its own part of the index: most events of a room may be of others. */
const OF_TYPES = page(`
  select e.* from (select distinct type from unnest($6::text[]) as asked(type)) asked
    cross join lateral (
      select * from room_events where room_id = $1 and type = asked.type and seq > $2 and seq <= $3
      order by seq limit $4) e
  order by seq limit $4`)

interface Row {
  readonly seq: string
  readonly at: string
  readonly actor: string
  readonly type: string
  readonly id: string
  readonly payload: string
}

/** The first events of a range, in order: at most `limit`, and at most about 2 MiB of payloads. */
export async function readEvents(
  db: Queryable,
  room: RoomId,
  { after, until, limit, types }: EventRange,
): Promise<readonly StoredEvent[]> {
  const values = [room, after, until, limit, PAGE_BYTES]
  const { rows } = await db.query<Row>(
    types === undefined
      ? { name: 'read events', text: ALL, values }
      : { name: 'read events of types', text: OF_TYPES, values: [...values, types] },
  )
  return rows.map(({ seq, at, ...row }) => ({ seq: Number(seq), at: Number(at), ...row }))
}

/** What a committed event is, without what it carries. */
export interface EventRecord {
  readonly seq: Seq
  readonly type: string
  readonly actor: string
}

export async function findEvent(pool: pg.Pool, room: RoomId, id: string): Promise<EventRecord | undefined> {
  const { rows } = await pool.query<EventRecord>({
    name: 'find event',
    text: 'select seq::float8 as seq, type, actor from room_events where room_id = $1 and id = $2',
    values: [room, id],
  })
  return rows[0]
}

/** Up to where events of a room may have been dropped by retention; 0 where all are there. */
export async function eventsDropped(pool: pg.Pool, room: RoomId): Promise<Seq> {
  const { rows } = await pool.query<{ events_after: string }>({
    name: 'events dropped',
    text: 'select events_after from rooms where id = $1',
    values: [room],
  })
  return Number(rows[0]?.events_after ?? 0)
}
