import type { Queryable } from '../storage/transaction.ts'

export interface Seen {
  readonly user: string
  readonly name: string
  readonly device: string | null
  readonly seenAt: Date
}

/** What is written is some ms old: nodes and the database need not have one clock. */
interface Aged {
  readonly age: number
}

export type Sighting = Omit<Seen, 'seenAt'> & Aged

export interface Arrival {
  readonly user: string
  readonly room: string
}

/** Which rooms somebody may read, as far as SQL can tell. */
export interface Scope {
  readonly readable: 'all' | { readonly kinds: readonly string[]; readonly names: readonly string[] }
  readonly except: readonly string[]
}

/** Rooms that two people share, of which so many are looked at: the ones where the other came in last. */
const SHARED = 20

// In the order of their ids, so that two nodes that write the same people wait for each other and never deadlock.
const WRITE_SEEN = `
  insert into people_seen (user_id, name, device, seen_at)
  select user_id, name, device, clock_timestamp() - age * interval '1 millisecond'
  from unnest($1::text[], $2::text[], $3::text[], $4::float8[]) as s(user_id, name, device, age) order by 1
  on conflict (user_id) do update
  set name = excluded.name, device = coalesce(excluded.device, people_seen.device), seen_at = excluded.seen_at
  where people_seen.seen_at < excluded.seen_at`

const WRITE_ARRIVALS = `
  insert into room_people (room_id, user_id, came_at)
  select r.id, a.user_id, clock_timestamp() - a.age * interval '1 millisecond'
  from unnest($1::text[], $2::text[], $3::float8[]) as a(room, user_id, age) join rooms r on r.name = a.room and r.deleted_at is null
  order by 1, 2
  on conflict (room_id, user_id) do update set came_at = excluded.came_at
  where room_people.came_at < excluded.came_at`

// Of who has come in within the day it is known well enough; and who was taken out of the room is only not gone yet.
const WRITE_STAYS = `
  update room_people p set came_at = clock_timestamp()
  from unnest($1::text[], $2::text[]) as s(room, user_id) join rooms r on r.name = s.room
  where p.room_id = r.id and p.user_id = s.user_id and p.came_at < clock_timestamp() - interval '1 day'
    and not ${revoked('p', 'r')}`

const SEEN = `user_id as user, name, device, seen_at as "seenAt"`

const SEEN_IN = `
  select ${SEEN} from people_seen where user_id in (
    select p.user_id from room_people p join rooms r on r.id = p.room_id
    where r.name = $1 and r.deleted_at is null and not ${revoked('p', 'r')})
  order by seen_at desc limit $2`

const SHARED_ROOMS = `
  select u.id as user, s.room from unnest($2::text[]) as u(id) cross join lateral (
    select r.name as room
    from room_people other
      join room_people own on own.room_id = other.room_id and own.user_id = $1
      join rooms r on r.id = other.room_id and r.deleted_at is null
    where other.user_id = u.id and ($3 or r.kind = any($4::text[]) or r.name = any($5::text[]))
      and r.name <> all($6::text[]) and not ${revoked('other', 'r')}
    order by other.came_at desc limit ${SHARED}) s`

/** Whose access to the room was taken away since they last came in is not of it any more. */
function revoked(person: string, room: string): string {
  return `exists (select from revocations v where v.at > ${person}.came_at
    and (v.user_id is null or v.user_id = ${person}.user_id) and (v.room is null or v.room = ${room}.name))`
}

export async function writeSeen(client: Queryable, people: readonly Sighting[]): Promise<void> {
  await client.query(WRITE_SEEN, [
    people.map(({ user }) => user),
    people.map(({ name }) => name),
    people.map(({ device }) => device),
    people.map(({ age }) => age),
  ])
}

export async function writeArrivals(client: Queryable, arrivals: readonly (Arrival & Aged)[]): Promise<void> {
  await client.query(WRITE_ARRIVALS, [
    arrivals.map(({ room }) => room),
    arrivals.map(({ user }) => user),
    arrivals.map(({ age }) => age),
  ])
}

/** Says of people who are in rooms still that they have been there today. */
export async function writeStays(client: Queryable, stays: readonly Arrival[]): Promise<void> {
  await client.query(WRITE_STAYS, [stays.map(({ room }) => room), stays.map(({ user }) => user)])
}

export async function seen(client: Queryable, users: readonly string[]): Promise<readonly Seen[]> {
  const { rows } = await client.query<Seen>(`select ${SEEN} from people_seen where user_id = any($1)`, [
    users,
  ])
  return rows
}

/** Who has been in a room, those first who were seen last. */
export async function seenIn(client: Queryable, room: string, limit: number): Promise<readonly Seen[]> {
  const { rows } = await client.query<Seen>(SEEN_IN, [room, limit])
  return rows
}

/** Rooms in which both have been, by the other: some of them where they are many. */
export async function sharedRooms(
  client: Queryable,
  user: string,
  others: readonly string[],
  { readable, except }: Scope,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { kinds, names } = readable === 'all' ? { kinds: [], names: [] } : readable
  const { rows } = await client.query<Arrival>(SHARED_ROOMS, [
    user,
    others,
    readable === 'all',
    kinds,
    names,
    except,
  ])
  const shared = new Map<string, string[]>()
  for (const { user: other, room } of rows) shared.set(other, [...(shared.get(other) ?? []), room])
  return shared
}

/** Forgets, some at a time, who came into a room so many days ago and never since; returns how many. */
export async function forgetArrivals(client: Queryable, days: number, limit: number): Promise<number> {
  const { rowCount } = await client.query(
    `delete from room_people where (room_id, user_id) in (
       select room_id, user_id from room_people where came_at < now() - $1 * interval '1 day' limit $2)`,
    [days, limit],
  )
  return rowCount ?? 0
}
