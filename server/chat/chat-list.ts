import type { Seq } from '../log/entry.ts'
import type { Role } from '../protocol.ts'
import type { Queryable } from '../storage/transaction.ts'
import { NEWEST, POSITIONS, UNREAD } from './read-positions.ts'

interface ChatMember {
  readonly id: string
  /** As they were last called; null where nobody said it. */
  readonly name: string | null
  readonly role: Role
  /** Up to where they have read. */
  readonly read: Seq
}

/** What a list of chats shows of one. */
export interface ChatSummary {
  readonly room: string
  readonly title: string | null
  readonly direct: boolean
  readonly createdBy: string
  /** Milliseconds since the epoch, as all times here. */
  readonly createdAt: number
  readonly members: readonly ChatMember[]
  readonly unread: number
  readonly read: Seq
  readonly last: LastMessage | null
}

interface LastMessage {
  readonly id: string
  readonly seq: Seq
  readonly author: string
  readonly at: number
  /** Its beginning. */
  readonly text: string
  readonly deleted: boolean
}

const LIST = `
  select rooms.name as room, c.title, c.direct, c.created_by as "createdBy",
    extract(epoch from c.created_at)::float8 * 1000 as "createdAt",
    (${UNREAD})::float8 as unread, p.seq::float8 as read,
    case when newest.id is not null then json_build_object('id', newest.id, 'seq', newest.seq, 'author', newest.author,
      'at', extract(epoch from newest.at)::float8 * 1000, 'text', left(newest.text, 200),
      'deleted', newest.deleted_at is not null) end as last,
    (select json_agg(json_build_object('id', m.user_id, 'name', people.name, 'role', m.role,
        'read', greatest(m.joined_seq, r.seq)) order by m.joined_seq, m.user_id)
      from chat_members m
        left join read_positions r on r.room_id = m.room_id and r.user_id = m.user_id
        left join people on people.id = m.user_id
      where m.room_id = p.room_id and m.left_seq is null) as members
  from ${POSITIONS} p
    join rooms on rooms.id = p.room_id
    join chats c on c.room_id = p.room_id
    ${NEWEST}
  where rooms.deleted_at is null and ($2::text is null or rooms.name = $2)
  order by coalesce(newest.at, c.created_at) desc, rooms.id desc
  limit $3 offset $4`

/** The chats that somebody belongs to, the last talked in first; or one of them. */
export async function listChats(
  db: Queryable,
  user: string,
  { room, limit, offset = 0 }: { readonly room?: string; readonly limit: number; readonly offset?: number },
): Promise<readonly ChatSummary[]> {
  const { rows } = await db.query<ChatSummary>(LIST, [user, room ?? null, limit, offset])
  return rows
}
