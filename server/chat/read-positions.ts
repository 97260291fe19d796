import type { Seq } from '../log/entry.ts'
import type { Queryable } from '../storage/transaction.ts'

/**
 * Somebody has read a room up to there. Only ever goes forward, and never past what is there, so the order in which
 * devices say it does not matter.
 * @returns where they are now; undefined where there is no such room
 */
export async function moveReadPosition(
  db: Queryable,
  room: string,
  user: string,
  seq: Seq,
): Promise<{ readonly seq: Seq; readonly moved: boolean } | undefined> {
  const { rows } = await db.query<{ seq: string; moved: boolean }>({
    name: 'move read position',
    text: `
      with asked as (
        select id, least($3::bigint, head) as seq from rooms where name = $1 and deleted_at is null
      ), counted as (
        select asked.id, asked.seq, exists (select from event_queue where room_id = asked.id and event_queue.seq <= asked.seq) as late,
          (select number from chat_messages m where room_id = asked.id and m.seq <= asked.seq order by m.seq desc limit 1),
          (select own_number from chat_messages m
           where room_id = asked.id and author = $2 and m.seq <= asked.seq order by m.seq desc limit 1)
        from asked
      ), moved as (
        insert into read_positions as p (room_id, user_id, seq, number, own_number)
        select id, $2, seq, case when not late then coalesce(number, 0) end,
          case when not late then coalesce(own_number, 0) end
        from counted
        on conflict (room_id, user_id) do update
        set seq = excluded.seq, number = excluded.number, own_number = excluded.own_number
        where p.seq < excluded.seq
        returning seq
      )
      select coalesce(moved.seq, p.seq, asked.seq) as seq, moved.seq is not null as moved
      from asked left join moved on true left join read_positions p on p.room_id = asked.id and p.user_id = $2`,
    values: [room, user, seq],
  })
  return rows.map(({ seq, moved }) => ({ seq: Number(seq), moved }))[0]
}

/**
 * How many messages somebody has not read, as SQL over a row `p` of `POSITIONS` and the row `c` of its chat: those of others
 * after the position that were not deleted. Messages are numbered, and each author's own as well, so only the deleted ones
 * are counted.
 */
export const UNREAD = `
  case when c.last_seq <= p.seq then 0 else
    c.messages
    - coalesce(p.number, (select number from chat_messages
        where room_id = p.room_id and seq <= p.seq order by seq desc limit 1), 0)
    - p.said
    + coalesce(p.own_number, (select own_number from chat_messages
        where room_id = p.room_id and author = p.user_id and seq <= p.seq order by seq desc limit 1), 0)
    - (select count(*) from chat_messages
       where room_id = p.room_id and seq > p.seq and deleted_at is not null and author <> p.user_id)
  end`

/** The newest message of a room whose id is `p.room_id`. */
export const NEWEST = `
  left join lateral (select * from chat_messages where room_id = p.room_id order by seq desc limit 1) newest on true`

/** The positions of a person, `$1`, in all of their chats: where they joined or, if it is later, what they have read. */
export const POSITIONS = `
  (select m.room_id, m.user_id, m.said, m.muted, greatest(m.joined_seq, r.seq) as seq,
     case when r.seq > m.joined_seq then r.number else m.joined_number end as number,
     case when r.seq > m.joined_seq then r.own_number else m.joined_own end as own_number
   from chat_members m left join read_positions r on r.room_id = m.room_id and r.user_id = m.user_id
   where m.user_id = $1 and m.left_seq is null)`

/** The unread messages of all of somebody's chats that have some. */
export async function unreadOf(db: Queryable, user: string): Promise<Readonly<Record<string, number>>> {
  const { rows } = await db.query<{ room: string; unread: string }>({
    name: 'unread of chats',
    text: `
      select * from (
        select rooms.name as room, ${UNREAD} as unread
        from ${POSITIONS} p
          join rooms on rooms.id = p.room_id
          join chats c on c.room_id = p.room_id
        where rooms.deleted_at is null
        offset 0 -- or each would be counted twice: to be shown, and to be left out
      ) counted
      where unread > 0`,
    values: [user],
  })
  return Object.fromEntries(rows.map(({ room, unread }) => [room, Number(unread)]))
}
