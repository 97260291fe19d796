import type pg from 'pg'
import type { RoomId, Seq } from './entry.ts'

export interface RoomRow {
  readonly id: RoomId
  readonly head: Seq
}

const toRow = (row: { id: string; head: string }): RoomRow => ({
  id: Number(row.id) as RoomId,
  head: Number(row.head),
})

/** The room of this name, or undefined where there is none. A failure throws: absent and failed never look alike. */
export async function findRoom(pool: pg.Pool, name: string): Promise<RoomRow | undefined> {
  const { rows } = await pool.query<{ id: string; head: string }>({
    name: 'find room',
    text: 'select id, head from rooms where name = $1',
    values: [name],
  })
  return rows.map(toRow)[0]
}

/** Creates the room, or finds the one that somebody else created meanwhile. */
export async function createRoom(pool: pg.Pool, name: string, createdBy: string): Promise<RoomRow> {
  const { rows } = await pool.query<{ id: string; head: string }>(
    `insert into rooms (name, kind, created_by) values ($1, split_part($1, ':', 1), $2)
     on conflict (name) do update set name = excluded.name
     returning id, head`,
    [name, createdBy],
  )
  const room = rows.map(toRow)[0]
  if (room === undefined) throw new Error('insert … returning gave no row')
  return room
}

/** What lists show of the room's document. */
export async function describeRoom(
  pool: pg.Pool,
  room: RoomId,
  summary: { readonly title: string | null; readonly editor: string | null },
): Promise<void> {
  await pool.query('update rooms set title = $2, editor = $3 where id = $1', [
    room,
    summary.title,
    summary.editor,
  ])
}

export async function roomNames(pool: pg.Pool): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>('select name from rooms order by id')
  return rows.map((row) => row.name)
}
