import { createHash } from 'node:crypto'
import type pg from 'pg'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import type { RoomId, Seq } from './entry.ts'
import { POSITIONS_LOCK } from './positions.ts'
import { insertSegment, type NewSegment, type Stage } from './segment-table.ts'

export type Pins = ReadonlyMap<Seq, Stage>

/** Before these times (ms since the epoch) a session, and then a version, is all that is kept. */
export interface Cutoffs {
  readonly sessions: number
  readonly versions: number | undefined
}

/** What of a room is old enough to be thinned further than it is. */
export interface DueRange {
  readonly room: RoomId
  readonly first: Seq
  readonly last: Seq
  /** Of all that is stored of these positions, row headers included. */
  readonly bytes: number
  /** Part of it was thinned before. */
  readonly thinned: boolean
  /** Says what stands there now; when it is another later, somebody has written in between. */
  readonly fingerprint: string
  /** Positions that something else needs, each with the last stage that leaves it. */
  readonly pins: Pins
}

/** Fewer entries that were never packed are not worth a segment. */
const FEWEST_ROWS = 3

/**
 * A quarantined room stays as it is. Rooms that are wholly old have their newest entries as rows still; in others the
 * packer will come for them.
 */
const DUE_ROOMS = `
select r.id, r.name, r.kind from rooms r
where r.deleted_at is null and r.quarantined_at is null
 and ($1::text[] is null or r.kind = any($1)) and not r.kind = any($2) and (
  exists (select from room_segments s where s.room_id = r.id and (
    s.stage < 1 and s.last_at < to_timestamp($3 / 1000.0)
    or s.stage < 2 and s.last_at < to_timestamp($4 / 1000.0)))
  or r.changed_at < to_timestamp($3 / 1000.0)
    and exists (select from room_updates u where u.room_id = r.id offset ${FEWEST_ROWS - 1}))
order by r.id`

export interface DueRoom {
  readonly id: RoomId
  readonly name: string
}

/** Rooms in which something is due: of these kinds, or of all but those. */
export async function dueRooms(
  pool: pg.Pool,
  kinds: { readonly only: readonly string[] } | { readonly except: readonly string[] },
  { sessions, versions }: Cutoffs,
): Promise<readonly DueRoom[]> {
  const only = 'only' in kinds ? kinds.only : null
  const except = 'except' in kinds ? kinds.except : []
  const { rows } = await pool.query<{ id: string; name: string }>(DUE_ROOMS, [
    only,
    except,
    sessions,
    versions ?? 0,
  ])
  return rows.map(({ id, name }) => ({ id: Number(id) as RoomId, name }))
}

/** All that stands in the log of room $1, place by place. */
const STANDING = `
  select true as packed, first_seq as first, last_seq as last, last_at, stage, pg_column_size(s.*) as size,
    sha256(bytes) as hash
  from room_segments s where room_id = $1
  union all
  select false, seq, seq, at, 0, pg_column_size(u.*), sha256(bytes) from room_updates u where room_id = $1`

interface Place {
  readonly packed: boolean
  readonly first: string
  readonly last: string
  readonly last_at: Date
  readonly stage: Stage
  readonly size: number
  readonly hash: Buffer
}

/** The oldest part of a room in which something is due, up to the first place that is too young; undefined where none is. */
export async function dueRange(pool: pg.Pool, room: RoomId, cutoffs: Cutoffs): Promise<DueRange | undefined> {
  const { rows } = await pool.query<Place>(
    `select p.* from (${STANDING}) p, rooms r where r.id = $1
       and (p.packed or r.changed_at < to_timestamp($2 / 1000.0))
     order by p.first`,
    [room, cutoffs.sessions],
  )
  const young = rows.findIndex(({ last_at }) => last_at.getTime() >= cutoffs.sessions)
  const old = young === -1 ? rows : rows.slice(0, young)
  const due = (place: Place) => place.stage < wanted(place.last_at.getTime(), cutoffs)
  const begin = old.findIndex(due)
  const places = begin === -1 ? [] : old.slice(begin, old.findLastIndex(due) + 1)
  const last = places.at(-1)
  if (last === undefined) return undefined
  if (places.length < FEWEST_ROWS && places.every(({ packed }) => !packed)) return undefined
  // From the place before it on: where events stand in between, their positions are in no place yet.
  const range = { first: Number(old[begin - 1]?.last ?? 0) + 1, last: Number(last.last) }
  return {
    room,
    ...range,
    bytes: places.reduce((sum, { size }) => sum + size, 0),
    thinned: places.some(({ stage }) => stage > 0),
    fingerprint: fingerprintOf(places),
    pins: await pinned(pool, room),
  }
}

/** How far entries of this time are to be thinned. */
export const wanted = (at: number, { sessions, versions }: Cutoffs): Stage => {
  if (versions !== undefined && at < versions) return 2
  return at < sessions ? 1 : 0
}

/**
 * Snapshots are read on from where they stand; versions are what people want to come back to. Those that nobody asked
 * for are closer together than sessions, so past these only the last one of a day (UTC) stays.
 */
const PINS = `
  select seq, 2 as until from room_snapshots where room_id = $1
  union all
  select seq, case when kind = 'named' or pinned or reason in ('restore', 'import') or last then 2 else 1 end
  from (
    select *, row_number() over (partition by kind, (at at time zone 'utc')::date order by seq desc) = 1 as last
    from versions where room_id = $1
  ) versions
  order by until`

async function pinned(db: Queryable, room: RoomId): Promise<Pins> {
  const { rows } = await db.query<{ seq: string; until: Stage }>(PINS, [room])
  return new Map(rows.map(({ seq, until }) => [Number(seq), until]))
}

function fingerprintOf(places: readonly Place[]): string {
  const hash = createHash('sha256')
  for (const place of places) hash.update(`${place.first}-${place.last}:`).update(place.hash)
  return hash.digest('hex')
}

/** Says of a position how it was thinned away; undefined where it stays. */
export function lostOf(
  { first, last }: Pick<DueRange, 'first' | 'last'>,
  segments: readonly NewSegment[],
): (seq: Seq) => Stage | undefined {
  const kept = new Set(segments.flatMap(({ entries }) => entries.map(({ seq }) => seq)))
  return (seq) => {
    if (seq < first || seq > last || kept.has(seq)) return undefined
    return segments.find(({ entries }) => (entries.at(-1)?.seq ?? 0) > seq)?.stage
  }
}

/**
 * Puts thinned segments in the place of what they were made from, in one transaction with all that it depends on.
 * What was stored is read back before anything is committed. False where somebody has written there, or pinned
 * a position that would go, since the range was looked at: nothing is changed then, and it is due still.
 * @throws where what is stored is not what was meant to be; nothing is changed then either.
 */
export function replaceRange(
  pool: pg.Pool,
  range: DueRange,
  segments: readonly NewSegment[],
  record?: (client: Queryable) => Promise<void>,
): Promise<boolean> {
  const { room, first, last } = range
  const lost = lostOf(range, segments)
  return inTransaction(pool, async (client) => {
    await client.query(POSITIONS_LOCK, [room])
    // Whoever gives a version a name just now is waited for, or waits.
    await client.query('select from versions where room_id = $1 order by id for update', [room])
    const { rows: places } = await client.query<Place>(
      `select p.* from (${STANDING}) p where p.last between $2 and $3 order by p.first`,
      [room, first, last],
    )
    if (fingerprintOf(places) !== range.fingerprint) return false
    const pins = await pinned(client, room)
    if ([...pins].some(([seq, until]) => until >= (lost(seq) ?? 3))) return false
    const going = [...pins.keys()].filter((seq) => lost(seq) !== undefined)
    await client.query('delete from versions where room_id = $1 and seq = any($2)', [room, going])
    for (const table of ['room_segments', 'room_updates']) {
      const column = table === 'room_segments' ? 'last_seq' : 'seq'
      await client.query(`delete from ${table} where room_id = $1 and ${column} between $2 and $3`, [
        room,
        first,
        last,
      ])
    }
    for (const segment of segments) {
      await insertSegment(client, room, segment)
      await requireStored(client, room, segment)
    }
    await record?.(client)
    return true
  })
}

/** Has a range count as thinned though it stays as it is: merging it would free nothing. */
export async function settleRange(
  pool: pg.Pool,
  { room, first, last }: DueRange,
  { sessions, versions }: Cutoffs,
): Promise<void> {
  await pool.query(
    `update room_segments set stage = greatest(stage, case when last_at < to_timestamp($5 / 1000.0) then 2 else 1 end)
     where room_id = $1 and last_seq between $2 and $3 and last_at < to_timestamp($4 / 1000.0)`,
    [room, first, last, sessions, versions ?? 0],
  )
}

/** Not what `returning` would say: the row as whoever reads it later will have it. */
async function requireStored(client: Queryable, room: RoomId, { entries, bytes }: NewSegment): Promise<void> {
  const last = entries.at(-1)?.seq
  const { rows } = await client.query<{ bytes: Uint8Array }>(
    'select bytes from room_segments where room_id = $1 and last_seq = $2',
    [room, last],
  )
  if (rows[0] === undefined || Buffer.compare(rows[0].bytes, bytes) !== 0)
    throw new Error(`room ${room}: the thinned segment up to ${last} was not stored as it was verified`)
}
