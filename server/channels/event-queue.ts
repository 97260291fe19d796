import type { RoomId, Seq } from '../log/entry.ts'
import type { StoredEvent } from '../log/events.ts'
import type { Queryable } from '../storage/transaction.ts'

/**
 * What is made of events in tables waits in the first alone; what has to be published elsewhere waits for the rooms that are elsewhere,
 * in the second, into which it is handed on.
 */
export type EventQueue = 'event_queue' | 'telling_queue'

/** A room of which something waits in the queue. */
export interface QueuedRoom {
  readonly id: RoomId
  readonly name: string
  /** There is nobody left to make anything of its events. */
  readonly deleted: boolean
}

/**
 * The next room after one, by their ids, that no other node has taken; it is this transaction's until its end. The
 * first queued row of a room stands for the room.
 */
export async function claimRoom(
  client: Queryable,
  queue: EventQueue,
  after: RoomId,
  except: readonly RoomId[],
): Promise<QueuedRoom | undefined> {
  const { rows } = await client.query<QueuedRoom>(
    // From room to room by the index: one of them may have a million rows.
    `with recursive queued as (
       (select room_id, seq from ${queue} where room_id > $1 order by room_id, seq limit 1)
       union all
       select next.* from queued cross join lateral (
         select room_id, seq from ${queue} where room_id > queued.room_id order by room_id, seq limit 1) next
     ), candidate as (
       select * from queued where room_id <> all($2::bigint[]) limit 20
     )
     select q.room_id::float8 as id, coalesce(r.name, '') as name, r.deleted_at is not null as deleted
     from ${queue} q join candidate c using (room_id, seq) join rooms r on r.id = q.room_id
     order by q.room_id limit 1
     for update of q skip locked`,
    [after, except],
  )
  return rows[0]
}

export interface Queued {
  readonly events: readonly StoredEvent[]
  /** Up to where the queue was read; events that are not kept any more are not among them. */
  readonly until: Seq
}

/** The first events of a room that wait, in order. */
export async function readQueued(
  client: Queryable,
  queue: EventQueue,
  room: RoomId,
  limit: number,
): Promise<Queued> {
  const { rows } = await client.query<Omit<StoredEvent, 'seq'> & { readonly seq: number }>(
    `select q.seq::float8 as seq, (extract(epoch from e.at) * 1000)::float8 as at, e.actor, e.type, e.id,
       e.payload::text as payload
     from (select room_id, seq from ${queue} where room_id = $1 order by seq limit $2) q
       left join room_events e using (room_id, seq)
     order by q.seq`,
    [room, limit],
  )
  return { events: rows.filter(({ type }) => type !== null), until: rows.at(-1)?.seq ?? 0 }
}

/** For a Pulse. By the index: where many rows were taken off, looking through the table would pass all that they leave. */
export const hasQueued = (queue: EventQueue): string =>
  `select true from ${queue} order by room_id, seq limit 1`

/** Takes a room's events up to there off the queue. */
export async function unqueue(client: Queryable, queue: EventQueue, room: RoomId, until: Seq): Promise<void> {
  await client.query(`delete from ${queue} where room_id = $1 and seq <= $2`, [room, until])
}

/** Puts events of a room into a queue. */
export async function enqueue(
  client: Queryable,
  queue: EventQueue,
  room: RoomId,
  seqs: readonly Seq[],
): Promise<void> {
  await client.query(
    `insert into ${queue} (room_id, seq) select $1, unnest($2::bigint[]) on conflict do nothing`,
    [room, seqs],
  )
}

/** The last event of a room, by its name, that waits to be followed. */
export async function lastQueued(
  client: Queryable,
  queue: EventQueue,
  room: string,
): Promise<Seq | undefined> {
  const { rows } = await client.query<{ seq: number | null }>({
    name: `last queued in ${queue}`,
    text: `select max(seq)::float8 as seq from ${queue} where room_id = (select id from rooms where name = $1)`,
    values: [room],
  })
  return rows[0]?.seq ?? undefined
}

/** Whether events of a room, by its name, wait to be followed up to there. */
export async function isQueued(
  client: Queryable,
  queue: EventQueue,
  room: string,
  until: Seq,
): Promise<boolean> {
  const { rows } = await client.query<{ queued: boolean }>({
    name: `is queued in ${queue}`,
    text: `select exists (
      select from ${queue} where room_id = (select id from rooms where name = $1) and seq <= $2) as queued`,
    values: [room, until],
  })
  return rows[0]?.queued === true
}

/** How many events wait, of all nodes; `most` where there are more. */
export async function countQueued(client: Queryable, most: number): Promise<number> {
  const { rows } = await client.query<{ count: number }>({
    name: 'count queued',
    // By the index: what was taken off lies in the table until it is vacuumed, and would be read each time.
    text: `select count(*)::float8 as count from (
      (select from event_queue order by room_id, seq limit $1)
      union all (select from telling_queue order by room_id, seq limit $1) limit $1) queued`,
    values: [most],
  })
  return rows[0]?.count ?? 0
}

/**
 * SQL for how far a read model goes that is made by followers, in the statement that reads it: the position before the first
 * event that still waits, or the head. Where `room` is an expression for the room's id.
 */
export const followedTo = (room: string): string =>
  `(select coalesce((select min(seq) - 1 from event_queue where room_id = followed_room.id), followed_room.head)::float8
    from rooms followed_room where followed_room.id = ${room})`
