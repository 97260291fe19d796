import type { FollowedRoom, Follower } from '../channels/followers.ts'
import type { RoomId } from '../log/entry.ts'
import type { StoredEvent } from '../log/events.ts'
import type { Queryable } from '../storage/transaction.ts'
import { copyPiece, PIECE } from './link-copies.ts'
import { type Link, linksOf } from './links.ts'
import { EDITED } from './types.ts'

/** Returns the id of the project where the link was not so before. */
const LINK = `
insert into activity_links (project_id, room, by_project, linked, copied_to, room_id)
select id, $2, $3, $4, case when $4 then 0 end, $5 from activity_projects where room = $1
on conflict (room, project_id, by_project) do update
set linked = excluded.linked, copied_to = excluded.copied_to, room_id = excluded.room_id
where activity_links.linked <> excluded.linked
returning project_id as id`

/** Writes the events of rooms that belong to projects into the activities of those. */
export class ActivityFollower implements Follower {
  readonly types: readonly string[]

  constructor(types: ReadonlyMap<string, unknown>) {
    this.types = [...types.keys()].filter((type) => type !== EDITED)
  }

  async follow(
    client: Queryable,
    room: FollowedRoom,
    events: readonly StoredEvent[],
  ): Promise<readonly never[]> {
    const [first] = events
    const last = events.at(-1)
    if (first === undefined || last === undefined) return []
    const links = linksOf(room.name, events)
    await lockRooms(client, room.name, links)
    const changed: (Link & { readonly id: string })[] = []
    for (const link of links) {
      const id = await write(client, room.id, link)
      if (id !== undefined) changed.push({ ...link, id })
    }
    // All at once, since whoever else takes several takes them in the same order.
    await client.query(
      'select activity_lock_projects(array(select activity_projects_of($1)) || $2::bigint[])',
      [room.name, changed.map(({ id }) => id)],
    )
    await client.query(
      'select activity_add_events($1, $2, array(select activity_projects_of($2)), $3, $4, $5, $5)',
      [room.id, room.name, this.types, first.seq, last.seq],
    )
    // Small rooms at once; what is left of large ones, LinkCopies brings: others wait for this transaction.
    let left = PIECE
    for (const link of changed)
      if (!link.linked) await client.query('select activity_unlink($1, $2)', [link.id, link.room])
      else if (left > 0) left -= await copyPiece(client, link, this.types, left)
    return []
  }
}

async function lockRooms(client: Queryable, room: string, links: readonly Link[]): Promise<void> {
  const linked = new Set(links.map((link) => link.room))
  for (const name of [...new Set([room, ...linked])].sort())
    await client.query('select activity_lock($1, $2)', [name, linked.has(name)])
}

async function write(
  client: Queryable,
  saidIn: RoomId,
  { project, room, byProject, linked }: Link,
): Promise<string | undefined> {
  await client.query('insert into activity_projects (room) values ($1) on conflict do nothing', [project])
  const { rows } = await client.query<{ id: string }>(LINK, [project, room, byProject, linked, saidIn])
  return rows[0]?.id
}
