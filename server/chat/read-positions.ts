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
    // Whoever is there already is only looked up: to move them would lock their row, and be written, all the same.
    text: `
      with there as (
        select p.seq
        from rooms join read_positions p on p.room_id = rooms.id and p.user_id = $2
        where rooms.name = $1 and rooms.deleted_at is null and p.seq >= least($3, rooms.head)
      )
      select seq, false as moved from there
      union all
      select now_at, moved from move_read_position($1, $2, $3) where not exists (select from there)`,
    values: [room, user, seq],
  })
  return rows.map(({ seq, moved }) => ({ seq: Number(seq), moved }))[0]
}

/**
 * How many messages somebody has not read, as SQL over a row `p` of `POSITIONS` and the row `c` of its chat: those of others
 * after the position that were not deleted. All of it stands with the two rows; `number` has the deleted ones in it.
 */
export const UNREAD = `
  case when c.last_seq <= p.seq then 0 else
    c.messages - p.said
    - coalesce(p.number,
        coalesce((select number from chat_messages where room_id = p.room_id and seq <= p.seq order by seq desc limit 1), 0)
      + (select count(*) from chat_messages
         where room_id = p.room_id and seq > p.seq and deleted_at is not null and author <> p.user_id))
    + coalesce(p.own_number, (select own_number from chat_messages
        where room_id = p.room_id and author = p.user_id and seq <= p.seq order by seq desc limit 1), 0)
  end`

/** The newest message of a room whose id is `p.room_id`. */
export const NEWEST = `
  left join lateral (select * from chat_messages where room_id = p.room_id order by seq desc limit 1) newest on true`

/** The positions of a person, `$1`, in all of their chats: where they joined or, if it is later, what they have read. */
export const POSITIONS = `
  (select m.room_id, m.user_id, m.said, greatest(m.joined_seq, r.seq) as seq,
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
