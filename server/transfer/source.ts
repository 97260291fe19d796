import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import type { Entry } from '../log/entry.ts'
import { read } from '../log/read.ts'
import { findRoom, type RoomRow } from '../log/rooms.ts'
import type { LogHeader } from './log-file.ts'

/** @throws SynclineError `room-not-found`, `room-deleted` */
export async function requireRoom(pool: pg.Pool, name: string): Promise<RoomRow> {
  const room = await findRoom(pool, name)
  if (room === undefined) throw new SynclineError('room-not-found', name)
  return room
}

/** A room's log as `writeLog` takes it. */
export async function logOf(
  pool: pg.Pool,
  name: string,
): Promise<{ readonly header: LogHeader; readonly entries: AsyncIterable<Entry> }> {
  const room = await requireRoom(pool, name)
  const { rows } = await pool.query<{ created_at: Date; created_by: string }>(
    'select created_at, created_by from rooms where id = $1',
    [room.id],
  )
  const { created_at: createdAt, created_by: createdBy } = rows[0] ?? {
    created_at: new Date(0),
    created_by: '',
  }
  const header = { room: name, createdAt: createdAt.toISOString(), createdBy }
  return { header, entries: read(pool, room.id, 0, room.head) }
}
