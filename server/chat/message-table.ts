import type { BuiltInPayloads } from '../channels/kinds/built-in.ts'
import type { RoomId, Seq } from '../log/entry.ts'
import type { StoredEvent } from '../log/events.ts'
import type { Queryable } from '../storage/transaction.ts'

/** A message as it was said. */
export type MessageEvent = Omit<StoredEvent, 'payload'> & {
  readonly payload: BuiltInPayloads['chat.message']
}

const INSERT = `
  insert into chat_messages (room_id, seq, number, id, author, own_number, at, text, answers, mentions, links)
  select $1, m.seq, coalesce(before.number, 0) + row_number() over (order by m.seq), m.id, m.author,
    coalesce(own.own_number, 0) + row_number() over (partition by m.author order by m.seq),
    to_timestamp(m.at / 1000), m.text, m.answers, m.mentions, m.links
  from jsonb_to_recordset($2) as m(seq bigint, id text, author text, at float8, text text, answers text,
      mentions text[], links jsonb)
    left join lateral (
      select number from chat_messages where room_id = $1 order by seq desc limit 1) before on true
    left join lateral (
      select own_number from chat_messages where room_id = $1 and author = m.author order by seq desc limit 1) own on true`

/** Messages of one room, in order, after all that are there. */
export async function insertMessages(
  client: Queryable,
  room: RoomId,
  events: readonly MessageEvent[],
): Promise<void> {
  const rows = events.map(({ seq, id, actor, at, payload }) => ({
    seq,
    id,
    author: actor,
    at,
    text: payload.text,
    answers: payload.answers ?? null,
    mentions: payload.mentions ?? [],
    links: payload.links ?? [],
  }))
  await client.query(INSERT, [room, JSON.stringify(rows)])
  // What is counted of a chat as a whole; a document that is talked about has no such rows.
  await client.query('update chats set messages = messages + $2, last_seq = $3 where room_id = $1', [
    room,
    rows.length,
    rows.at(-1)?.seq,
  ])
  await client.query(
    `update chat_members m set said = said + a.count
     from (select author, count(*) from unnest($2::text[]) author group by author) a
     where m.room_id = $1 and m.user_id = a.author`,
    [room, rows.map(({ author }) => author)],
  )
}

type Edited = BuiltInPayloads['chat.message.edited']

/** What was said instead; of a message that was deleted meanwhile nothing is kept, in the log neither. */
export async function editMessage(
  client: Queryable,
  room: RoomId,
  { message, text, mentions = [], links = [], at, seq }: Edited & { readonly at: number; readonly seq: Seq },
): Promise<void> {
  const { rowCount } = await client.query(
    `update chat_messages
     set text = $3, mentions = $4, links = $5, edited_at = to_timestamp($6::float8 / 1000), edits = edits || $7::bigint
     where room_id = $1 and id = $2 and deleted_at is null`,
    [room, message, text, mentions, JSON.stringify(links), at, seq],
  )
  if (rowCount === 0) await silence(client, room, [seq])
}

/** Takes away what it said, here and in the log. */
export async function deleteMessage(
  client: Queryable,
  room: RoomId,
  message: string,
  at: number,
): Promise<void> {
  const { rows } = await client.query<{ seq: string; edits: readonly string[] }>(
    `with found as (
       select seq, edits from chat_messages where room_id = $1 and id = $2 and deleted_at is null for update
     ), reactions as (
       delete from chat_reactions r using found where r.room_id = $1 and r.seq = found.seq
     )
     update chat_messages m
     set text = '', answers = null, mentions = '{}', links = '[]', edited_at = null, edits = '{}',
       deleted_at = to_timestamp($3::float8 / 1000)
     from found where m.room_id = $1 and m.seq = found.seq
     returning m.seq, found.edits`,
    [room, message, at],
  )
  for (const { seq, edits } of rows) await silence(client, room, [seq, ...edits])
}

/** An event stays where it is in the log, and says nothing any more; neither does what webhooks are told of it from now on. */
async function silence(client: Queryable, room: RoomId, seqs: readonly (Seq | string)[]): Promise<void> {
  await client.query(
    `with silenced as (
       update room_events set size = 11, payload = jsonb_strip_nulls(jsonb_build_object('text', '', 'message', payload->'message'))
       where room_id = $1 and seq = any($2::bigint[]) returning room_id, seq, payload
     )
     update webhook_deliveries d set data = jsonb_set(d.data, '{event,payload}', s.payload)
     from silenced s where d.room_id = s.room_id and d.seq = s.seq and d.type like 'event:%'`,
    [room, seqs],
  )
}

interface Reaction {
  readonly message: string
  readonly emoji: string
  readonly user: string
}

export async function addReaction(
  client: Queryable,
  room: RoomId,
  { message, emoji, user, seq }: Reaction & { readonly seq: Seq },
): Promise<void> {
  await client.query(
    `insert into chat_reactions (room_id, seq, emoji, user_id, added_seq)
     select room_id, seq, $3, $4, $5 from chat_messages where room_id = $1 and id = $2 and deleted_at is null
     on conflict do nothing`,
    [room, message, emoji, user, seq],
  )
}

export async function removeReaction(
  client: Queryable,
  room: RoomId,
  { message, emoji, user }: Reaction,
): Promise<void> {
  await client.query(
    `delete from chat_reactions r using chat_messages m
     where m.room_id = $1 and m.id = $2 and m.deleted_at is null and r.room_id = m.room_id and r.seq = m.seq and r.emoji = $3 and r.user_id = $4`,
    [room, message, emoji, user],
  )
}
