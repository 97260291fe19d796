import type pg from 'pg'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import { columnsOf, PATIENTLY, quoted } from './rows.ts'

export interface Inconsistency {
  /** A room, where it is one's. */
  readonly room: string | null
  readonly problem: string
}

/** What is told of one check; there may be millions of the same. */
const TOLD = 20

/** Tables with positions of a room's log, and the column of the last one. */
const POSITIONS = {
  room_updates: 'seq',
  room_events: 'seq',
  room_segments: 'last_seq',
  versions: 'seq',
  versions_kept_to: 'seq',
  history_activity: 'last_seq',
  history_stretches: 'last_seq',
  history_blocks: 'last_seq',
  event_queue: 'seq',
  telling_queue: 'seq',
  chat_messages: 'seq',
  read_positions: 'seq',
  notifications: 'seq',
  inboxes: 'seen_until',
  activities: 'last_seq',
  webhook_changes: 'last_seq',
}

/**
 * Each asks for what should not be: the name of its room, and what is wrong. What retention has dropped of events is not
 * missed, nor what those that follow events have yet to make of them.
 */
const CHECKS: readonly string[] = [
  `select name as room, 'its kind is ' || kind as problem from rooms
   where name is not null and kind <> split_part(name, ':', 1)`,
  ...Object.entries(POSITIONS).map(
    ([
      table,
      column,
    ]) => `select r.name as room, '${table} has the position ' || t.${column} || ', and the log ends at ' || r.head as problem
     from ${table} t join rooms r on r.id = t.room_id where t.${column} > r.head or t.${column} < 0`,
  ),
  `select r.name as room, 'position ' || u.seq || ' is an edit and an event' as problem
   from room_updates u join room_events e using (room_id, seq) join rooms r on r.id = u.room_id`,
  `select r.name as room, 'position ' || u.seq || ' is packed and unpacked' as problem
   from room_updates u join room_segments s on s.room_id = u.room_id and u.seq between s.first_seq and s.last_seq
     join rooms r on r.id = u.room_id`,
  `select r.name as room, 'two segments have position ' || b.first_seq as problem
   from room_segments a join room_segments b
     on b.room_id = a.room_id and b.last_seq > a.last_seq and b.first_seq <= a.last_seq
     join rooms r on r.id = a.room_id`,
  `select r.name as room, count(*) || ' events have the id ' || e.id as problem
   from room_events e join rooms r on r.id = e.room_id group by r.id, e.id having count(*) > 1`,
  `select r.name as room, 'message ' || m.seq || ' is no message of the log' as problem
   from chat_messages m join rooms r on r.id = m.room_id
     left join room_events e on e.room_id = m.room_id and e.seq = m.seq
   where m.seq > r.events_after and (e.type = 'chat.message' and e.id = m.id and e.actor = m.author) is not true`,
  `select r.name as room, 'message ' || e.seq || ' of the log is in no chat' as problem
   from room_events e join rooms r on r.id = e.room_id
     left join chat_messages m on m.room_id = e.room_id and m.seq = e.seq
     left join event_queue q on q.room_id = e.room_id and q.seq = e.seq
   where e.type = 'chat.message' and m.seq is null and q.seq is null`,
  `select r.name as room, 'message ' || seq || ' is counted as ' || number || ' and ' || own_number || ' of its author' as problem
   from (select *, row_number() over (partition by room_id order by seq) as nth,
           row_number() over (partition by room_id, author order by seq) as own_nth from chat_messages) m
     join rooms r on r.id = m.room_id
   where number <> nth or own_number <> own_nth`,
  `select r.name as room, 'the chat counts ' || c.messages || ' messages, the last at ' || c.last_seq as problem
   from chats c join rooms r on r.id = c.room_id cross join lateral (
     select count(*), coalesce(max(seq), 0) as last from chat_messages m where m.room_id = c.room_id) is_so
   where (c.messages, c.last_seq) <> (is_so.count, is_so.last)`,
  `select r.name as room, m.user_id || ' has said ' || m.said || ' messages' as problem
   from chat_members m join rooms r on r.id = m.room_id
   where m.said <> (select count(*) from chat_messages c where c.room_id = m.room_id and c.author = m.user_id)`,
  `select r.name as room, 'what ' || p.user_id || ' has not read is miscounted' as problem
   from read_positions p join rooms r on r.id = p.room_id
   where p.number <> (select count(*) filter (where seq <= p.seq or deleted_at is not null and author <> p.user_id)
                      from chat_messages m where m.room_id = p.room_id)
     or p.own_number <> (select count(*) from chat_messages m
                         where m.room_id = p.room_id and m.author = p.user_id and m.seq <= p.seq)`,
  `select r.name as room, 'a reaction is to ' || t.seq || ', which is no message' as problem
   from chat_reactions t join rooms r on r.id = t.room_id left join chat_messages m using (room_id, seq)
   where m.seq is null`,
  `select r.name as room, 'notification ' || n.seq || ' is none of the log' as problem
   from notifications n join rooms r on r.id = n.room_id left join room_events e using (room_id, seq)
   where n.seq > r.events_after and e.type is distinct from 'user.notified'`,
  `select r.name as room, 'the activity at ' || a.seq || ' is no event of the log' as problem
   from activities a join rooms r on r.id = a.room_id left join room_events e using (room_id, seq)
   where a.type <> 'edited' and (e.type, e.actor) is distinct from (a.type, a.actor)`,
  `select r.name as room, 'the activity of ' || a.actor || ' at ' || a.seq || ' is not what history has' as problem
   from activities a join rooms r on r.id = a.room_id
     left join history_stretches s on s.room_id = a.room_id and s.level = 1 and s.first_seq = a.seq
   where a.type = 'edited' and (s.people -> a.actor ->> 2)::int is distinct from a.entries`,
  `select r.name as room, 'history counts more entries from ' || h.first_seq || ' on than there are' as problem
   from history_activity h join rooms r on r.id = h.room_id
   group by r.id, h.first_seq, h.last_seq having sum(h.entries) > h.last_seq - h.first_seq + 1`,
  `select r.name as room, 'sessions from ' || s.first_seq || ' on are not what was counted' as problem
   from history_stretches s join rooms r on r.id = s.room_id
   where (select coalesce(sum((value ->> 2)::int), 0) from jsonb_each(s.people))
     <> (select coalesce(sum(h.entries), 0) from history_activity h
         where h.room_id = s.room_id and h.first_seq between s.first_seq and s.last_seq)`,
  `select null as room, id || ' was erased and is called ' || name as problem from people
   where erased_at is not null and name <> 'deleted person'`,
  `select null as room, 'when ' || s.user_id || ', who was erased, was seen is there' as problem
   from people_seen s join people p on p.id = s.user_id where p.erased_at is not null`,
  `select r.name as room, 'the inbox of somebody who was erased is there' as problem
   from rooms r join people p on r.name = 'user:' || p.id where p.erased_at is not null and r.deleted_at is null`,
]

/** What does not agree with each other, beside what is wrong within a room's log. Of one moment. */
export function inconsistencies(pool: pg.Pool): Promise<readonly Inconsistency[]> {
  return inTransaction(pool, async (client) => {
    await client.query(
      'set transaction isolation level repeatable read, read only; set local statement_timeout = 0',
    )
    const found: Inconsistency[] = []
    for (const check of [...CHECKS, ...(await orphanChecks(client)), ...(await sequenceChecks(client))])
      found.push(
        ...(await client.query<Inconsistency>({ text: `${check} limit ${TOLD}`, ...PATIENTLY })).rows,
      )
    return found
  })
}

/** Rows of rooms that are not there, in whichever table. */
async function orphanChecks(client: Queryable): Promise<readonly string[]> {
  const { rows } = await client.query<{ table: string }>(
    `select table_name as "table" from information_schema.columns
     where table_schema = current_schema() and column_name = 'room_id' order by 1`,
  )
  return rows.map(
    ({
      table,
    }) => `select r.name as room, '${table} has rows of room ' || t.room_id || ', which is not there' as problem
     from ${quoted(table)} t left join rooms r on r.id = t.room_id
     where r.id is null or r.erased_at is not null group by t.room_id, r.name`,
  )
}

/** Sequences that would give out a number again, such as after a restore that left them out. */
async function sequenceChecks(client: Queryable): Promise<readonly string[]> {
  const { rows: tables } = await client.query<{ table: string }>(
    `select distinct table_name as "table" from information_schema.columns
     where table_schema = current_schema() and is_identity = 'YES' order by 1`,
  )
  const checks: string[] = []
  for (const { table } of tables)
    for (const { name, counted } of await columnsOf(client, table))
      if (counted)
        checks.push(`select null as room, '${table}.${name} would give out ' || coalesce(last, 0) + 1 || ' again' as problem
          from (select max(${quoted(name)}) as most,
                  pg_sequence_last_value(pg_get_serial_sequence('${quoted(table)}', '${name}')) as last
                from ${quoted(table)}) counted
          where most > coalesce(last, 0)`)
  return checks
}
