import type { RoomId, Seq } from '../log/entry.ts'
import type { Role } from '../protocol.ts'
import type { Queryable } from '../storage/transaction.ts'

interface Creation {
  readonly title?: string | undefined
  readonly members: readonly string[]
  readonly direct?: boolean | undefined
  readonly by: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly seq: Seq
}

/** Does nothing where the room is a chat already: its creator cannot make it another one. */
export async function createChat(
  client: Queryable,
  room: RoomId,
  { title, members, direct = false, by, at, seq }: Creation,
): Promise<void> {
  const { rowCount } = await client.query(
    `insert into chats (room_id, title, direct, created_by, created_at)
     values ($1, $2, $3, $4, to_timestamp($5::float8 / 1000)) on conflict do nothing`,
    [room, title ?? null, direct, by, at],
  )
  if (rowCount === 0) return
  const role = direct ? 'comment' : 'write'
  // A block that comes at the same moment makes a direct chat one to be read only, and not one without its other person.
  await addMembers(client, room, { users: members, role, by: direct ? undefined : by, seq })
  if (!direct) await addMembers(client, room, { users: [by], role: 'admin', by, seq })
}

interface Addition {
  readonly users: readonly string[]
  readonly role: Role
  /** Whoever has blocked them is not added. */
  readonly by: string | undefined
  readonly seq: Seq
}

/** Who is there already stays as they are, except that one may become the administrator. */
export async function addMembers(
  client: Queryable,
  room: RoomId,
  { users, role, by, seq }: Addition,
): Promise<void> {
  await client.query(
    `insert into chat_members as m (room_id, user_id, role, joined_seq, joined_number, joined_own)
     select distinct $1::bigint, u, $3, $5::bigint, (select messages from chats where room_id = $1),
       coalesce((select said from chat_members where room_id = $1 and user_id = u), 0)
     from unnest($2::text[]) as u
     where not exists (select from chat_blocks b where b.user_id = u and b.blocked = $4 and b.active)
     on conflict (room_id, user_id) do update
     set role = excluded.role, joined_seq = excluded.joined_seq, left_seq = null,
       joined_number = excluded.joined_number, joined_own = excluded.joined_own, changed_at = clock_timestamp()
     where m.left_seq is not null or excluded.role = 'admin'`,
    [room, users, role, by, seq],
  )
}

/** A chat that has lost its administrator gets whoever has been there longest. */
export async function removeMember(client: Queryable, room: RoomId, user: string, seq: Seq): Promise<void> {
  await client.query(
    `update chat_members set left_seq = $3, changed_at = clock_timestamp()
     where room_id = $1 and user_id = $2 and left_seq is null`,
    [room, user, seq],
  )
  // From now on the two sides share no room there, and tell each other nothing of when they are online.
  await client.query('delete from room_people where room_id = $1 and user_id = $2', [room, user])
  await client.query(
    `update chat_members set role = 'admin', changed_at = clock_timestamp()
     where room_id = $1 and user_id = (
       select user_id from chat_members m where room_id = $1 and left_seq is null
         and not exists (select from chat_members where room_id = $1 and left_seq is null and role <> 'write')
       order by joined_seq, user_id limit 1)`,
    [room],
  )
}

export async function renameChat(client: Queryable, room: RoomId, title: string): Promise<void> {
  await client.query('update chats set title = $2 where room_id = $1', [room, title])
}

/** Who belongs to a chat, and who has left it with one of the events after a position. */
export async function membersOf(db: Queryable, room: RoomId, after: Seq): Promise<readonly string[]> {
  const { rows } = await db.query<{ user_id: string }>(
    'select user_id from chat_members where room_id = $1 and (left_seq is null or left_seq > $2)',
    [room, after],
  )
  return rows.map(({ user_id }) => user_id)
}

/** The role of somebody in a chat; undefined where they do not belong to it, or it is none. */
export async function memberRole(db: Queryable, room: string, user: string): Promise<Role | undefined> {
  const { rows } = await db.query<{ role: Role; blocked: boolean }>({
    name: 'role in chat',
    text: `
      select m.role, c.direct and exists (
        select from chat_members o join chat_blocks b
          on (b.user_id = o.user_id and b.blocked = m.user_id) or (b.user_id = m.user_id and b.blocked = o.user_id)
        where o.room_id = m.room_id and o.user_id <> m.user_id and b.active) as blocked
      from rooms r join chats c on c.room_id = r.id join chat_members m on m.room_id = r.id
      where r.name = $1 and m.user_id = $2 and m.left_seq is null and r.deleted_at is null`,
    values: [room, user],
  })
  const [member] = rows
  return member?.blocked === true ? 'read' : member?.role
}

/** Somebody whose role in a room, or in whichever chat with somebody else, is to be asked for again. */
export interface MemberChange {
  /** Milliseconds since the epoch, by the database's clock. */
  readonly at: number
  readonly user: string
  readonly room: string | undefined
}

/** For a Feed, as is `memberChanges`. */
export const NEWEST_MEMBER_CHANGE =
  'select greatest((select max(changed_at) from chat_members), (select max(changed_at) from chat_blocks))'

export async function memberChanges(db: Queryable, since: number): Promise<readonly MemberChange[]> {
  const { rows } = await db.query<{ at: number; user: string; room: string | null }>({
    name: 'changes of chat members',
    text: `
      select extract(epoch from m.changed_at)::float8 * 1000 as at, m.user_id as "user", r.name as room
      from chat_members m join rooms r on r.id = m.room_id
      where m.changed_at > to_timestamp($1::float8 / 1000)
      union all
      select extract(epoch from changed_at)::float8 * 1000, unnest(array[user_id, blocked]), null
      from chat_blocks where changed_at > to_timestamp($1::float8 / 1000)
      order by at`,
    values: [since],
  })
  return rows.map(({ room, ...row }) => ({ ...row, room: room ?? undefined }))
}

/** Who does not want to be written to directly by whom, and no more. */
export async function setBlocked(
  db: Queryable,
  user: string,
  blocked: string,
  active: boolean,
): Promise<void> {
  await db.query(
    `insert into chat_blocks as b (user_id, blocked, active) values ($1, $2, $3)
     on conflict (user_id, blocked) do update set active = excluded.active, changed_at = clock_timestamp()
     where b.active <> excluded.active`,
    [user, blocked, active],
  )
}

export async function blockedBy(db: Queryable, user: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ blocked: string }>(
    'select blocked from chat_blocks where user_id = $1 and active order by blocked',
    [user],
  )
  return rows.map(({ blocked }) => blocked)
}

/** Whether one of the two has blocked the other. */
export async function isBlocked(db: Queryable, one: string, other: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `select from chat_blocks
     where active and ((user_id = $1 and blocked = $2) or (user_id = $2 and blocked = $1)) limit 1`,
    [one, other],
  )
  return rowCount === 1
}
