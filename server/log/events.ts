import type pg from 'pg'
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
const READ = `
select seq, extract(epoch from at) * 1000 as at, actor, type, id, payload::text as payload from (
  select *, sum(size) over (order by seq) as total from (
    select * from room_events
    where room_id = $1 and seq > $2 and seq <= $3 and ($5::text[] is null or type = any($5))
    order by seq limit $4
  ) page
) page where total - size < $6 order by seq`

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
  pool: pg.Pool,
  room: RoomId,
  { after, until, limit, types }: EventRange,
): Promise<readonly StoredEvent[]> {
  const { rows } = await pool.query<Row>({
    name: 'read events',
    text: READ,
    values: [room, after, until, limit, types ?? null, PAGE_BYTES],
  })
  return rows.map(({ seq, at, ...row }) => ({ seq: Number(seq), at: Number(at), ...row }))
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
