import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import type { Database } from '../storage/database.ts'
import { lives } from '../storage/life-sign.ts'
import { inTransaction } from '../storage/transaction.ts'
import type { RoomId, Seq } from './entry.ts'
import type { Note } from './erase.ts'

export interface RoomRow {
  readonly id: RoomId
  readonly head: Seq
  /** A load has begun and not ended whose process is gone, or that takes long: it may have taken it along, or do so yet. */
  readonly cutShort: boolean
  /** Why nobody may open it. */
  readonly quarantine: Quarantine | undefined
}

export interface Quarantine {
  readonly at: Date
  readonly reason: string
}

interface Row {
  readonly id: string
  readonly head: string
  readonly cutShort: boolean
  readonly quarantinedAt: Date | null
  readonly reason: string | null
  readonly deleted: boolean
}

/** A load that takes so long, in seconds, may take its process with it yet, and with it each that opens the room meanwhile. */
const LONG = 3

const COLUMNS = `id, head,
  exists (select from room_loads where room_id = id
    and (not ${lives('process')} or begun_at < now() - interval '${LONG} seconds')) as "cutShort",
  quarantined_at as "quarantinedAt", quarantine_reason as reason, deleted_at is not null as deleted`

function toRow({ id, head, cutShort, quarantinedAt, reason, deleted }: Row): RoomRow {
  if (deleted) throw new SynclineError('room-deleted')
  return {
    id: Number(id) as RoomId,
    head: Number(head),
    cutShort,
    quarantine: quarantinedAt === null ? undefined : { at: quarantinedAt, reason: reason ?? '' },
  }
}

/**
 * The room of this name, or undefined where there is none. A failure throws: absent and failed never look alike.
 * @throws SynclineError `room-deleted`
 */
export async function findRoom(pool: pg.Pool, name: string): Promise<RoomRow | undefined> {
  const { rows } = await pool.query<Row>({
    name: 'find room',
    text: `select ${COLUMNS} from rooms where name = $1`,
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

/** The newest position of a room; undefined where it was deleted, and 0 where it is not there. */
export async function headOf(pool: pg.Pool, room: RoomId): Promise<Seq | undefined> {
  const { rows } = await pool.query<{ head: string | null }>({
    name: 'head of room',
    text: 'select case when deleted_at is null then head end as head from rooms where id = $1',
    values: [room],
  })
  const [row = { head: '0' }] = rows
  return row.head === null ? undefined : Number(row.head)
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
  /** And with it those of processes that are gone: the room was tried, and opened or quarantined. */
  ended: `${RELAXED} delete from room_loads using relaxed
    where room_id = $1 and (process = $2 or not ${lives('process')})`,
}

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
