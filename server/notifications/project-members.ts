import { z } from 'zod'
import type { Follower } from '../channels/followers.ts'
import type { Queryable } from '../storage/transaction.ts'

const payload = z.object({ user: z.string() })

/** Keeps who belongs to a project, as its events say. */
export const projectMembers: Follower = {
  types: ['project.member.joined', 'project.member.left'],
  follow: async (client, { id }, events) => {
    for (const event of events) {
      const { user } = payload.parse(JSON.parse(event.payload))
      await client.query(event.type === 'project.member.joined' ? JOINED : LEFT, [id, user])
    }
    return []
  },
}

const JOINED = 'insert into project_members (room_id, user_id) values ($1, $2) on conflict do nothing'
const LEFT = 'delete from project_members where room_id = $1 and user_id = $2'

export async function membersOf(client: Queryable, project: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ user: string }>(
    `select m.user_id as user from project_members m join rooms r on r.id = m.room_id
     where r.name = $1 and r.deleted_at is null order by m.user_id`,
    [`project:${project}`],
  )
  return rows.map(({ user }) => user)
}
