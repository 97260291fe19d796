import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import type { RoomId, Seq } from '../log/entry.ts'
import { readEvents, type StoredEvent } from '../log/events.ts'
import { read } from '../log/read.ts'
import { findRoom, type RoomRow } from '../log/rooms.ts'
import type { Queryable } from '../storage/transaction.ts'
import type { LoggedEntry, LogHeader } from './log-file.ts'

/** @throws SynclineError `room-not-found`, `room-deleted` */
export async function requireRoom(pool: pg.Pool, name: string): Promise<RoomRow> {
  const room = await findRoom(pool, name)
  if (room === undefined) throw new SynclineError('room-not-found', name)
  return room
}

/** A room's log as `writeLog` takes it: all of it, or up to the end of an entry. */
export async function logOf(
  pool: pg.Pool,
  name: string,
  until?: Seq,
): Promise<{ readonly header: LogHeader; readonly entries: AsyncIterable<LoggedEntry> }> {
  const room = await requireRoom(pool, name)
  const end = until ?? room.head
  const { rows } = await pool.query<{ created_at: Date; created_by: string; events_after: string }>(
    'select created_at, created_by, events_after from rooms where id = $1',
    [room.id],
  )
  const {
    created_at: createdAt,
    created_by: createdBy,
    events_after: dropped,
  } = rows[0] ?? { created_at: new Date(0), created_by: '', events_after: '0' }
  const eventsAfter = dropped === '0' ? undefined : Math.min(Number(dropped), end)
  const header = { room: name, createdAt: createdAt.toISOString(), createdBy, eventsAfter }
  return { header, entries: entriesOf(pool, room.id, end) }
}

const PAGE = 1_000

/** A room's entries with their events: these are in different tables, and both are read as they are written out. */
export async function* entriesOf(db: Queryable, room: RoomId, until: Seq): AsyncGenerator<LoggedEntry> {
  let waiting: readonly StoredEvent[] = []
  let after = 0
  for await (const entry of read(db, room, 0, until)) {
    const events: StoredEvent[] = []
    for (;;) {
      if (waiting.length === 0 && after < until) {
        waiting = await readEvents(db, room, { after, until, limit: PAGE })
        after = waiting.at(-1)?.seq ?? until
      }
      const due = waiting.filter(({ seq }) => seq <= entry.seq)
      events.push(...due)
      waiting = waiting.slice(due.length)
      if (waiting.length > 0 || after >= until) break
    }
    yield { ...entry, events }
  }
}
