import type pg from 'pg'
import { inTransaction } from '../storage/transaction.ts'
import type { RoomId, Seq } from './entry.ts'
import { packUntil } from './pack.ts'

/** Rooms of a kind whose oldest event is older than $3 (ms since the epoch): of these kinds, or of all but those. */
const DUE = `
select r.id, r.name from rooms r
  cross join lateral (select at from room_events e where e.room_id = r.id order by seq limit 1) oldest
where r.deleted_at is null and ($1::text[] is null or r.kind = any($1)) and not r.kind = any($2)
  and oldest.at < to_timestamp($3 / 1000.0)
order by r.id`

/** Rows that one transaction deletes: the room is locked meanwhile, and whoever publishes in it waits. */
const CHUNK = 5_000

export interface RoomWithOldEvents {
  readonly id: RoomId
  readonly name: string
}

/** Rooms that have events from before a time: of these kinds, or of all but those. */
export async function roomsWithOldEvents(
  pool: pg.Pool,
  kinds: { readonly only: readonly string[] } | { readonly except: readonly string[] },
  before: number,
): Promise<readonly RoomWithOldEvents[]> {
  const only = 'only' in kinds ? kinds.only : null
  const except = 'except' in kinds ? kinds.except : []
  const { rows } = await pool.query<{ id: string; name: string }>(DUE, [only, except, before])
  return rows.map(({ id, name }) => ({ id: Number(id) as RoomId, name }))
}

/**
 * Drops a room's events from before a time (ms since the epoch), up to the first that is younger. Their positions are
 * packed before, so that the document still has them. Returns how many were dropped; what is cut short is due again.
 */
export async function dropEvents(
  pool: pg.Pool,
  room: RoomId,
  before: number,
  signal?: AbortSignal,
): Promise<number> {
  const last = await lastBefore(pool, room, before)
  if (last === 0) return 0
  await packUntil(pool, room, last, signal)
  let dropped = 0
  for (let gone: number | undefined; gone !== 0; dropped += gone) {
    signal?.throwIfAborted()
    gone = await dropChunk(pool, room, last)
  }
  return dropped
}

/** The last event before the first that stays; 0 where there is none. */
async function lastBefore(pool: pg.Pool, room: RoomId, before: number): Promise<Seq> {
  const { rows } = await pool.query<{ last: string }>(
    `select coalesce(max(seq), 0) as last from room_events
     where room_id = $1 and seq < coalesce(
       (select seq from room_events where room_id = $1 and at >= to_timestamp($2 / 1000.0) order by seq limit 1),
       (select head + 1 from rooms where id = $1))`,
    [room, before],
  )
  return Number(rows[0]?.last ?? 0)
}

/** Whoever reads events asks afterwards how far they are dropped, so both change at once. */
const dropChunk = (pool: pg.Pool, room: RoomId, last: Seq): Promise<number> =>
  inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ gone: string; until: string }>(
      `with gone as (
         delete from room_events where room_id = $1 and seq <= $2 and seq in (
           select seq from room_events where room_id = $1 and seq <= $2 order by seq limit $3)
         returning seq
       ) select count(*) as gone, coalesce(max(seq), 0) as until from gone`,
      [room, last, CHUNK],
    )
    const { gone = '0', until = '0' } = rows[0] ?? {}
    await client.query('update rooms set events_after = greatest(events_after, $2) where id = $1', [
      room,
      until,
    ])
    return Number(gone)
  })
