import { INBOX_KIND } from '../access/inbox-rule.ts'
import { parseRoomName } from '../access/room-name.ts'
import type { FollowedRoom } from '../channels/followers.ts'
import type { Queryable } from '../storage/transaction.ts'

/**
 * Those of these people who read a room. Of a chat its members are known. Who else may read what stands in tokens, which
 * nobody shows when a notification is made: so of other rooms it is those who have been in them, until it is taken from them.
 */
export async function whoReads(
  client: Queryable,
  { id, name }: FollowedRoom,
  users: readonly string[],
): Promise<readonly string[]> {
  if (users.length === 0) return []
  const chat = parseRoomName(name).kind === 'chat'
  const { rows } = await client.query<{ user: string }>(chat ? MEMBERS : VISITORS, [id, users])
  return rows.map(({ user }) => user)
}

const MEMBERS = `
  select user_id as user from chat_members
  where room_id = $1 and user_id = any($2) and left_seq is null order by 1`

const VISITORS = `
  select p.user_id as user from room_people p join rooms r on r.id = p.room_id
  where p.room_id = $1 and p.user_id = any($2) and not exists (
    select from revocations v where v.at > p.came_at
      and (v.user_id is null or v.user_id = p.user_id) and (v.room is null or v.room = r.name))
  order by 1`

/** Those of these people who hear what somebody does: who has blocked them does not. */
export async function whoListens(
  client: Queryable,
  actor: string,
  users: readonly string[],
): Promise<readonly string[]> {
  const { rows } = await client.query<{ user: string }>(
    `select asked.user from unnest($2::text[]) with ordinality as asked("user", place)
     where not exists (select from chat_blocks b where b.user_id = asked.user and b.blocked = $1 and b.active)
     order by place`,
    [actor, users],
  )
  return rows.map(({ user }) => user)
}

/** Who has used their inbox, or has something in it: all whom the server knows how to tell. */
export async function everybodyWithInbox(client: Queryable): Promise<readonly string[]> {
  const { rows } = await client.query<{ user: string }>(
    `select substr(name, length($1) + 2) as user from rooms
     where kind = $1 and deleted_at is null order by 1`,
    [INBOX_KIND],
  )
  return rows.map(({ user }) => user)
}
