import { INBOX_KIND } from '../access/inbox-rule.ts'
import { parseRoomName } from '../access/room-name.ts'
import type { FollowedRoom } from '../channels/followers.ts'
import type { Queryable } from '../storage/transaction.ts'

/**
 * Those of these people who read a room. Of a chat its members are known. Who else may read what stands in tokens, which
 * nobody shows when a notification is made: so of other rooms it is
 * those who made them, wrote or commented in them, or are members of the project that they are.
 */
export async function whoReads(
  client: Queryable,
  { id, name }: FollowedRoom,
  users: readonly string[],
): Promise<readonly string[]> {
  if (users.length === 0) return []
  const chat = parseRoomName(name).kind === 'chat'
  const { rows } = await client.query<{ user: string }>(chat ? MEMBERS : PARTICIPANTS, [id, users])
  return rows.map(({ user }) => user)
}

const MEMBERS = `
  select user_id as user from chat_members
  where room_id = $1 and user_id = any($2) and left_seq is null order by 1`

const PARTICIPANTS = `
  select asked.user from unnest($2::text[]) as asked("user")
  where exists (select from rooms where id = $1 and created_by = asked.user)
    or exists (select from project_members where room_id = $1 and user_id = asked.user)
    or exists (select from history_activity where room_id = $1 and actor = asked.user)
    or exists (select from room_updates where room_id = $1 and actor = asked.user)
    or exists (select from room_events where room_id = $1 and type in ('comment.created', 'comment.replied') and actor = asked.user)
  order by 1`

/** Who has used their inbox, or has something in it: all whom the server knows how to tell. */
export async function everybodyWithInbox(client: Queryable): Promise<readonly string[]> {
  const { rows } = await client.query<{ user: string }>(
    `select substr(name, length($1) + 2) as user from rooms
     where kind = $1 and deleted_at is null order by 1`,
    [INBOX_KIND],
  )
  return rows.map(({ user }) => user)
}
