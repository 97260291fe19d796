import { isDeepStrictEqual } from 'node:util'
import type pg from 'pg'
import { type Entry, NO_CHANGE, type RoomId, type Seq } from './entry.ts'
import { POSITIONS_LOCK } from './positions.ts'
import { decodeSegment, encodeSegment } from './segment.ts'
import { insertSegment, SEGMENT_BYTES, SEGMENT_ENTRIES } from './segment-table.ts'

/** The newest entries stay unpacked: a room being opened or edited reads them row by row. */
const KEPT = 1_000

interface Row {
  readonly seq: string
  readonly at: string
  readonly actor: string
  /** Null for an event. */
  readonly bytes: Uint8Array | null
}

/**
 * Packs the oldest unpacked entries of a room into segments, until fewer than a segment's worth are left
 * beside the newest ones. Returns how many entries were packed. A room that another node is packing is left
 * to it.
 */
export async function packRoom(pool: pg.Pool, room: RoomId): Promise<number> {
  let packed = 0
  for (;;) {
    const entries = await nextEntries(pool, room, OLD_ENTRIES)
    const full = entries.length === SEGMENT_ENTRIES || sizeOf(entries) >= SEGMENT_BYTES
    if (!full || !(await pack(pool, room, entries))) return packed
    packed += entries.length
  }
}

/**
 * Packs all entries of a room up to a position, be they events alone, and however few the last segment gets: what
 * then becomes of the events, the positions stay. Who packs the same room beside it only makes it quicker.
 * @throws where entries are missing
 */
export async function packUntil(
  pool: pg.Pool,
  room: RoomId,
  until: Seq,
  signal?: AbortSignal,
): Promise<void> {
  for (let failedAt = 0; ; ) {
    signal?.throwIfAborted()
    const entries = await nextEntries(pool, room, ENTRIES_UNTIL, until)
    const [first] = entries
    if (first === undefined) return
    if (await pack(pool, room, entries)) continue
    if (first.seq === failedAt) throw new Error(`room ${room}: entries before ${first.seq} are missing`)
    failedAt = first.seq
  }
}

/** Whether it was done: not where another node was quicker. */
async function pack(pool: pg.Pool, room: RoomId, entries: readonly Entry[]): Promise<boolean> {
  const bytes = await encodeSegment(entries)
  if (!sameEntries(await decodeSegment(bytes), entries))
    throw new Error(`room ${room}: a segment did not verify`)
  return replace(pool, room, entries, bytes)
}

const sizeOf = (entries: readonly Entry[]): number =>
  entries.reduce((size, { bytes }) => size + bytes.length, 0)

/**
 * The entries after the last segment, up to `until`. Events are among them, as what changes nothing, since segments
 * follow each other without a gap; where only events wait, there is nothing to be gained, unless `anyway` says so.
 */
const entriesUntil = (until: string, anyway: string): string => `
with unpacked as (
  select coalesce((select max(last_seq) from room_segments where room_id = $1), 0) as after, ${until} as until
), entries as (
  (select u.seq, u.at, u.actor, u.bytes from room_updates u, unpacked
   where u.room_id = $1 and u.seq > after and u.seq <= until order by u.seq limit $3)
  union all
  (select e.seq, e.at, e.actor, null from room_events e, unpacked
   where e.room_id = $1 and e.seq > after and e.seq <= until and ${anyway}
   order by e.seq limit $3)
)
select seq, extract(epoch from at) * 1000 as at, actor, bytes from (
  select *, coalesce(sum(length(bytes)) over (order by seq rows between unbounded preceding and 1 preceding), 0)
    as before
  from (select * from entries order by seq limit $3) first
) oldest where before < $4 order by seq`

/** $2 is how many of the newest stay. */
const OLD_ENTRIES = entriesUntil(
  '(select head from rooms where id = $1) - $2::bigint',
  'exists (select from room_updates u where u.room_id = $1 and u.seq <= until)',
)
/** $2 is the last of them. */
const ENTRIES_UNTIL = entriesUntil('$2::bigint', 'true')

async function nextEntries(pool: pg.Pool, room: RoomId, text: string, limit = KEPT): Promise<Entry[]> {
  const { rows } = await pool.query<Row>(text, [room, limit, SEGMENT_ENTRIES, SEGMENT_BYTES])
  return rows.map(({ seq, at, actor, bytes }) => ({
    seq: Number(seq),
    at: Number(at),
    actor,
    bytes: bytes ?? NO_CHANGE,
  }))
}

/** Puts the segment in the rows' place, in one transaction; false where another node was quicker. */
async function replace(
  pool: pg.Pool,
  room: RoomId,
  entries: readonly Entry[],
  bytes: Uint8Array,
): Promise<boolean> {
  const first = entries[0]
  const last = entries.at(-1)
  if (first === undefined || last === undefined) return false
  const edits = entries.filter(({ bytes }) => bytes !== NO_CHANGE).length
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin')
    // Waited for: who only reads positions under it is soon done, and nobody tries again before the room has grown.
    await client.query(POSITIONS_LOCK, [room])
    // Of events alone there is nothing to delete that could be missing.
    const next = (await lastPacked(client, room)) + 1 === first.seq
    const whole = next && (await deleteEntries(client, room, first.seq, last.seq)) === edits
    if (whole) await insertSegment(client, room, { entries, bytes, stage: 0 })
    await client.query(whole ? 'commit' : 'rollback')
    return whole
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error))
    throw error
  } finally {
    client.release(broken)
  }
}

async function lastPacked(client: pg.PoolClient, room: RoomId): Promise<Seq> {
  const { rows } = await client.query<{ last: string }>(
    'select coalesce(max(last_seq), 0) as last from room_segments where room_id = $1',
    [room],
  )
  return Number(rows[0]?.last)
}

async function deleteEntries(client: pg.PoolClient, room: RoomId, first: Seq, last: Seq): Promise<number> {
  const { rowCount } = await client.query(
    'delete from room_updates where room_id = $1 and seq between $2 and $3',
    [room, first, last],
  )
  return rowCount ?? 0
}

export function sameEntries(a: readonly Entry[], b: readonly Entry[]): boolean {
  return (
    a.length === b.length &&
    a.every((entry, index) => {
      const other = b[index]
      return (
        other !== undefined &&
        entry.seq === other.seq &&
        entry.at === other.at &&
        entry.actor === other.actor &&
        isDeepStrictEqual(entry.merged, other.merged) &&
        Buffer.compare(entry.bytes, other.bytes) === 0
      )
    })
  )
}
