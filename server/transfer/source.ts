import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import type { RoomId, Seq } from '../log/entry.ts'
import { readEvents, type StoredEvent } from '../log/events.ts'
import { read } from '../log/read.ts'
import { findRoom, type RoomRow } from '../log/rooms.ts'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import type { LoggedEntry, LogHeader } from './log-file.ts'

/** @throws SynclineError `room-not-found`, `room-deleted` */
export async function requireRoom(db: Queryable, name: string): Promise<RoomRow> {
  const room = await findRoom(db, name)
  if (room === undefined) throw new SynclineError('room-not-found', name)
  return room
}

export interface RoomLogFile {
  readonly header: LogHeader
  readonly entries: AsyncIterable<LoggedEntry>
}

/**
 * A room's log as `writeLog` takes it, all of it or up to the end of an entry, for as long as something is done with it. It
 * is of one moment: beside a server that drops events the header says which of them the entries have not.
 */
export function withLog<Result>(
  pool: pg.Pool,
  { name, until }: { readonly name: string; readonly until?: Seq },
  work: (log: RoomLogFile) => Promise<Result>,
): Promise<Result> {
  return inTransaction(pool, async (client) => {
    // Whoever is written to may be slow, and nobody waits for what is only read.
    await client.query(
      `set transaction isolation level repeatable read, read only;
       set local idle_in_transaction_session_timeout = 0`,
    )
    const { id, head } = await requireRoom(client, name)
    const end = until ?? head
    return work({ header: await headerOf(client, id, name, end), entries: entriesOf(client, id, end) })
  })
}

async function headerOf(db: Queryable, id: RoomId, room: string, end: Seq): Promise<LogHeader> {
  const { rows } = await db.query<{ created_at: Date; created_by: string; events_after: string }>(
    'select created_at, created_by, events_after from rooms where id = $1',
    [id],
  )
  const {
    created_at: createdAt,
    created_by: createdBy,
    events_after: dropped,
  } = rows[0] ?? { created_at: new Date(0), created_by: '', events_after: '0' }
  const eventsAfter = dropped === '0' ? undefined : Math.min(Number(dropped), end)
  return { room, createdAt: createdAt.toISOString(), createdBy, eventsAfter }
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
