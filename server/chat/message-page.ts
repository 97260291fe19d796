import { followedTo } from '../channels/event-queue.ts'
import type { Seq } from '../log/entry.ts'
import type { Queryable } from '../storage/transaction.ts'

/** A message with all that became of it. */
interface ChatMessage {
  readonly id: string
  readonly seq: Seq
  readonly author: string
  /** Milliseconds since the epoch, as all times here. */
  readonly at: number
  readonly text: string
  /** The id of the message that it answers. */
  readonly answers: string | null
  readonly mentions: readonly string[]
  readonly links: readonly { readonly url: string; readonly title?: string | undefined }[]
  readonly editedAt: number | null
  readonly deleted: boolean
  /** In the order in which they were given. */
  readonly reactions: readonly { readonly emoji: string; readonly user: string }[]
}

export interface MessagePage {
  /** Oldest first. */
  readonly messages: readonly ChatMessage[]
  /** Events up to here are in it: who wants to be told of what follows resumes from there. */
  readonly seq: Seq
  /** The `before` of the page of older ones; null where there are none. */
  readonly before: Seq | null
  /** Up to where people have read. */
  readonly reads: Readonly<Record<string, Seq>>
  /** What the people are called that are named here, as far as that is known. */
  readonly names: Readonly<Record<string, string>>
}

const PAGE = `
  with room as (select id from rooms where name = $1 and deleted_at is null),
  page as (
    -- By the id as one value: joined, all messages of the room would be sorted.
    select * from chat_messages
    where room_id = (select id from room) and seq < $2
    order by seq desc limit $3),
  reads as (
    select m.user_id, greatest(m.joined_seq, p.seq) as seq
    from chat_members m left join read_positions p on p.room_id = m.room_id and p.user_id = m.user_id
    where m.room_id = (select id from room) and m.left_seq is null
    union all
    select p.user_id, p.seq from read_positions p
    where p.room_id = (select id from room)
      and not exists (select from chat_members m where m.room_id = p.room_id and m.user_id = p.user_id))
  select
    ${followedTo('room.id')} as seq,
    case when (select count(*) from page) = $3 then (select min(seq) from page) end::float8 as before,
    coalesce((select json_object_agg(user_id, seq) from reads), '{}') as reads,
    coalesce((select json_object_agg(id, name) from people where id in (
      select author from page union select user_id from reads
      union select user_id from chat_members m where m.room_id = room.id)), '{}') as names,
    coalesce((select json_agg(json_build_object('id', id, 'seq', seq, 'author', author,
      'at', extract(epoch from at)::float8 * 1000, 'text', text, 'answers', answers, 'mentions', mentions,
      'links', links, 'editedAt', extract(epoch from edited_at)::float8 * 1000, 'deleted', deleted_at is not null,
      'reactions', (select coalesce(json_agg(json_build_object('emoji', emoji, 'user', user_id) order by added_seq), '[]')
        from chat_reactions r where r.room_id = page.room_id and r.seq = page.seq)) order by seq)
      from page), '[]') as messages
  from room`

/** Messages before a position, or the last ones; undefined where there is no such room. */
export async function readMessages(
  db: Queryable,
  room: string,
  { before, limit }: { readonly before?: Seq | undefined; readonly limit: number },
): Promise<MessagePage | undefined> {
  const { rows } = await db.query<MessagePage>({
    name: 'page of messages',
    text: PAGE,
    values: [room, before ?? Number.MAX_SAFE_INTEGER, limit],
  })
  return rows[0]
}
