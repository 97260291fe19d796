import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import { numberArray, numbersOf } from '../storage/arrays.ts'
import type { Database } from '../storage/database.ts'
import { lives } from '../storage/life-sign.ts'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import type { RoomId, Seq } from './entry.ts'
import type { Note } from './erase.ts'
import { type LaneMark, type LaneRows, NEWEST_LANES, newestLanesAnd } from './lane-ledger.ts'

export interface RoomRow {
  readonly id: RoomId
  readonly head: Seq
  /** As they were when the head was; of a room that was looked up to be opened. */
  readonly lanes: LaneRows | undefined
  /** A load has begun and not ended whose process is gone, or that takes long: it may have taken it along, or do so yet. */
  readonly cutShort: boolean
  /** Why nobody may open it. */
  readonly quarantine: Quarantine | undefined
}

export interface Quarantine {
  readonly at: Date
  readonly reason: string
}

export const quarantineLine = ({ at, reason }: Quarantine): string =>
  `is quarantined since ${at.toISOString()}: ${reason}`

interface Row {
  readonly id: string
  readonly head: string
  readonly lanes?: LaneRows
  readonly cutShort: boolean
  readonly quarantinedAt: Date | null
  readonly reason: string | null
  readonly deleted: boolean
}

/** A load that takes so long, in seconds, may take its process with it yet, and with it each that opens the room meanwhile. */
const LONG = 3

/**
 * A process that has begun a load so long ago, in minutes, and lives has ended it, and could not note that: the database was
 * away just then. A load takes less, with all that it is tried first and waits for a processor.
 */
const LOST = 15

const begunBefore = (ago: string): string => `begun_at < now() - interval '${ago}'`

const COLUMNS = `id, head,
  exists (select from room_loads where room_id = id and (not ${lives('process')}
    or ${begunBefore(`${LONG} seconds`)} and not ${begunBefore(`${LOST} minutes`)})) as "cutShort",
  quarantined_at as "quarantinedAt", quarantine_reason as reason, deleted_at is not null as deleted`

function toRow({ id, head, lanes, cutShort, quarantinedAt, reason, deleted }: Row): RoomRow {
  if (deleted) throw new SynclineError('room-deleted')
  return {
    id: Number(id) as RoomId,
    head: Number(head),
    lanes,
    cutShort,
    quarantine: quarantinedAt === null ? undefined : { at: quarantinedAt, reason: reason ?? '' },
  }
}

/**
 * The room of this name, or undefined where there is none. A failure throws: absent and failed never look alike.
 * @throws SynclineError `room-deleted`
 */
export async function findRoom(db: Queryable, name: string): Promise<RoomRow | undefined> {
  const { rows } = await db.query<Row>({
    name: 'find room',
    text: `select ${COLUMNS} from rooms where name = $1`,
    values: [name],
  })
  return rows.map(toRow)[0]
}

/** As `findRoom`, with the lanes. */
export async function findRoomToOpen(pool: pg.Pool, name: string): Promise<RoomRow | undefined> {
  const { rows } = await pool.query<Row>({
    name: 'find room to open',
    text: `select ${COLUMNS}, ${NEWEST_LANES} as lanes from rooms where name = $1`,
    values: [name],
  })
  return rows.map(toRow)[0]
}

/**
 * Creates the room, or finds the one that somebody else created meanwhile.
 * @throws SynclineError `room-deleted`
 */
export async function createRoom(pool: pg.Pool, name: string, createdBy: string): Promise<RoomRow> {
  const { rows } = await pool.query<Row>(
    `insert into rooms (name, kind, created_by) values ($1, split_part($1, ':', 1), $2)
     on conflict (name) do update set name = excluded.name
     returning ${COLUMNS}`,
    [name, createdBy],
  )
  const room = rows.map(toRow)[0]
  if (room === undefined) throw new Error('insert … returning gave no row')
  return room
}

export interface Heads {
  /** The newest position of each room; undefined where it was deleted, and 0 where it is not there. */
  readonly heads: ReadonlyMap<RoomId, Seq | undefined>
  readonly lanes: LaneRows
}

/**
 * How far rooms are, and how far the lanes of these marks and the newest ones.
 * @param within what it may take, in ms; as the pool has it where it is left out
 */
export async function headsOf(
  pool: pg.Pool,
  rooms: readonly { readonly id: RoomId }[],
  marks: readonly LaneMark[],
  within: number | undefined,
): Promise<Heads> {
  const { rows } = await pool.query<{ ids: string | null; heads: string | null; lanes: LaneRows }>({
    name: 'heads',
    text: `select array_agg(id)::text as ids, array_agg(case when deleted_at is null then head end)::text as heads,
        ${newestLanesAnd('$2')} as lanes
      from rooms where id = any($1::bigint[])`,
    values: [numberArray(rooms.map(({ id }) => id)), marks.map(({ lane }) => lane)],
    ...(within !== undefined && { query_timeout: within }),
  })
  const [row] = rows
  if (row === undefined) throw new Error('an aggregate gave no row')
  const heads = new Map<RoomId, Seq | undefined>(rooms.map(({ id }) => [id, 0]))
  const found = numbersOf(row.heads)
  numbersOf(row.ids).forEach((id, index) => {
    heads.set(id as RoomId, found[index])
  })
  return { heads, lanes: row.lanes }
}

/** What lists show of the room's document. */
export async function describeRoom(
  pool: pg.Pool,
  room: RoomId,
  summary: { readonly title: string | null; readonly editor: string | null },
): Promise<void> {
  await pool.query('update rooms set title = $2, editor = $3 where id = $1 and deleted_at is null', [
    room,
    summary.title,
    summary.editor,
  ])
}

export async function roomNames(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(
    'select name from rooms where deleted_at is null order by id',
  )
  return rows.map((row) => row.name)
}

/** The mark needs no fsync: it is there when this process dies, and Postgres does not. */
const RELAXED = `with relaxed as (select set_config('synchronous_commit', 'off', true))`
const MARK = {
  begun: `${RELAXED} insert into room_loads (room_id, process) select $1, $2 from relaxed
    on conflict (room_id, process) do update set begun_at = now()`,
  /** And with it those of processes that are gone, and lost ones: the room was tried, and opened or quarantined. */
  decided: `${RELAXED} delete from room_loads using relaxed
    where room_id = $1 and (process = $2 or not ${lives('process')} or ${begunBefore(`${LOST} minutes`)})`,
  /** The room was neither: whatever it may have done before, it may do yet. */
  undecided: `${RELAXED} delete from room_loads using relaxed where room_id = $1 and process = $2`,
}

export type LoadOutcome = Exclude<keyof typeof MARK, 'begun'>

/** A load of the room begins or has ended in this process, well or with an error. */
export async function markLoad(
  { pool, life }: Pick<Database, 'pool' | 'life'>,
  room: RoomId,
  mark: keyof typeof MARK,
): Promise<void> {
  life.show()
  await pool.query({ name: `load ${mark}`, text: MARK[mark], values: [room, life.process] })
}

/** Nobody may open the room until an operator has looked at it. An earlier reason stays. */
export async function quarantineRoom(pool: pg.Pool, room: RoomId, reason: string): Promise<void> {
  await pool.query(
    `update rooms set quarantined_at = now(), quarantine_reason = $2
     where id = $1 and quarantined_at is null and deleted_at is null`,
    [room, reason],
  )
}

/** Whether nobody may open the room. */
export async function isQuarantined(pool: pg.Pool, room: RoomId): Promise<boolean> {
  const { rowCount } = await pool.query('select from rooms where id = $1 and quarantined_at is not null', [
    room,
  ])
  return rowCount === 1
}

/** By an index that has no other rooms. */
export async function countQuarantined(pool: Pick<pg.Pool, 'query'>): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(
    'select count(*)::float8 as count from rooms where quarantined_at is not null and deleted_at is null',
  )
  return rows[0]?.count ?? 0
}

/** Lets people in again; false where the room was not quarantined, and nothing is recorded. */
export function releaseRoom(pool: pg.Pool, name: string, record?: Note): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `update rooms set quarantined_at = null, quarantine_reason = null
       where name = $1 and quarantined_at is not null`,
      [name],
    )
    if (rowCount === 1) await record?.(client)
    return rowCount === 1
  })
}
