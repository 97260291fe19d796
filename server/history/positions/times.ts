import type pg from 'pg'
import type { RoomId, Seq } from '../../log/entry.ts'
import { read } from '../../log/read.ts'

/** When an entry was made, in ms, and by whom; null before the first. */
export async function entryOf(
  pool: pg.Pool,
  room: RoomId,
  seq: Seq,
): Promise<{ readonly at: number; readonly actor: string } | null> {
  if (seq === 0) return null
  const { rows } = await pool.query<{ first_seq: string }>(
    'select first_seq from room_segments where room_id = $1 and last_seq >= $2 and first_seq <= $2',
    [room, seq],
  )
  // From the segment's beginning: what retention has merged has no position before it.
  const first = Number(rows[0]?.first_seq ?? seq)
  let entry: { readonly at: number; readonly actor: string } | null = null
  for await (const { at, actor } of read(pool, room, first - 1, seq)) entry = { at, actor }
  return entry
}

/**
 * The last entry up to `head` that was made at `time` (ms) or before; 0 where the room is younger. Should clocks have
 * gone back, it is the last such entry of all.
 */
export async function seqAt(pool: pg.Pool, room: RoomId, head: Seq, time: number): Promise<Seq> {
  const { rows: entries } = await pool.query<{ seq: string }>(
    `select seq from room_updates where room_id = $1 and seq <= $2 and at <= to_timestamp($3::float8 / 1000)
     order by seq desc limit 1`,
    [room, head, time],
  )
  if (entries[0] !== undefined) return Number(entries[0].seq)
  const { rows: segments } = await pool.query<{ first_seq: string; last_seq: string }>(
    `select first_seq, last_seq from room_segments
     where room_id = $1 and first_seq <= $2 and first_at <= to_timestamp($3::float8 / 1000)
     order by last_seq desc limit 1`,
    [room, head, time],
  )
  const [segment] = segments
  if (segment === undefined) return 0
  const before = Number(segment.first_seq) - 1
  let last = before
  for await (const { seq, at } of read(pool, room, before, Math.min(head, Number(segment.last_seq)))) {
    if (at <= time) last = seq
  }
  return last
}
