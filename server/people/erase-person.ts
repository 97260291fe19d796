import { recordAct } from '../access/audit.ts'
import { inboxOf } from '../access/inbox-rule.ts'
import { insertRevocation } from '../access/revocation-table.ts'
import { removeMember } from '../chat/members.ts'
import type { RoomId } from '../log/entry.ts'
import type { Note } from '../log/erase.ts'
import type { Database } from '../storage/database.ts'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import { DELETED_PERSON, INBOX_TABLES, PERSON_TABLES } from './tables.ts'

/** What was done to a person's rows in a table, or would be. */
interface ReportLine {
  readonly table: string
  readonly fate: 'removed' | 'kept'
  /** Null where they are not counted. */
  readonly rows: number | null
  readonly why: string | null
}

export interface PersonReport {
  readonly person: string
  /** Nothing was changed. */
  readonly dryRun: boolean
  readonly tables: readonly ReportLine[]
}

export interface ErasePersonOptions {
  readonly pool: Database['pool']
  /** As `Log.erase`. */
  readonly eraseRoom: (name: string, by: string, note: Note) => Promise<boolean>
}

/**
 * Takes a person's name out of everything that is shown, their inbox with all that is in it, and what is kept of them alone.
 * Their ids in logs stay, and stand for nobody. To do it again changes nothing more.
 */
export async function erasePerson(
  { pool, eraseRoom }: ErasePersonOptions,
  person: string,
  { by, dryRun }: { readonly by: string; readonly dryRun: boolean },
): Promise<PersonReport> {
  const tables = await inTransaction(pool, (client) => report(client, person))
  if (dryRun) return { person, dryRun, tables }
  const removed = tables.filter(({ fate, rows }) => fate === 'removed' && rows !== 0)
  await inTransaction(pool, async (client) => {
    await forget(client, person)
    await insertRevocation(client, { user: person })
    await recordAct(client, {
      actor: by,
      act: 'person.erase',
      subject: inboxOf(person),
      details: { removed: Object.fromEntries(removed.map(({ table, rows }) => [table, rows])) },
    })
  })
  // Killed before this is done, it is to be done again; until then nobody gets in who could read it.
  await eraseInbox(pool, eraseRoom, person, by)
  return { person, dryRun, tables }
}

async function eraseInbox(
  pool: Database['pool'],
  eraseRoom: ErasePersonOptions['eraseRoom'],
  person: string,
  by: string,
): Promise<void> {
  const subject = inboxOf(person)
  // One that is not there yet would be made by the next notification.
  await pool.query(
    `insert into rooms (name, kind, created_by) values ($1, split_part($1, ':', 1), $2) on conflict (name) do nothing`,
    [subject, person],
  )
  await eraseRoom(subject, by, (client) =>
    recordAct(client, { actor: by, act: 'room.erase', subject, details: { because: 'person.erase' } }),
  )
}

async function report(client: Queryable, person: string): Promise<readonly ReportLine[]> {
  const lines: ReportLine[] = []
  for (const table of INBOX_TABLES) {
    const where = 'room_id = (select id from rooms where name = $1)'
    const rows = await count(client, table, where, inboxOf(person))
    lines.push({ table, fate: 'removed', rows, why: 'of their inbox' })
  }
  for (const [table, fate] of Object.entries(PERSON_TABLES)) {
    const rows = fate.where === undefined ? null : await count(client, table, fate.where, person)
    lines.push({ table, fate: fate.fate, rows, why: fate.fate === 'kept' ? fate.why : null })
  }
  return lines
}

async function count(client: Queryable, table: string, where: string, value: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(`select count(*) from ${table} where ${where}`, [
    value,
  ])
  return Number(rows[0]?.count)
}

async function forget(client: Queryable, person: string): Promise<void> {
  // One erasure at a time, and chats before presence as their follower does it: so nobody waits in a circle.
  await client.query(`select pg_advisory_xact_lock(hashtextextended('syncline.erase-person', 0))`)
  const { rows: groups } = await client.query<{ id: string; head: string }>(
    `select r.id, r.head from chat_members m join chats c using (room_id) join rooms r on r.id = m.room_id
     where m.user_id = $1 and m.left_seq is null and not c.direct and r.deleted_at is null order by r.id`,
    [person],
  )
  for (const { id, head } of groups) await removeMember(client, Number(id) as RoomId, person, Number(head))
  // What is being written of them at this moment is waited for, and what comes after it finds the name erased.
  await client.query('lock table people_seen, room_people in share row exclusive mode')
  await client.query(
    `insert into people (id, name, erased_at) values ($1, $2, clock_timestamp())
     on conflict (id) do update set name = excluded.name, erased_at = excluded.erased_at`,
    [person, DELETED_PERSON],
  )
  for (const [table, fate] of Object.entries(PERSON_TABLES))
    if (fate.fate === 'removed') await client.query(`delete from ${table} where ${fate.where}`, [person])
}
