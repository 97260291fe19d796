import type { Queryable } from '../storage/transaction.ts'

export interface Project {
  /** Of its row. */
  readonly id: string
  /** The last change that is committed. */
  readonly changes: string
}

/** A project that has something to tell, by the name of its own room; undefined where nothing ever belonged to it. */
export async function findProject(db: Queryable, room: string): Promise<Project | undefined> {
  const { rows } = await db.query<Project>({
    name: 'activity project',
    text: 'select id, changes from activity_projects where room = $1',
    values: [room],
  })
  return rows[0]
}

/** The rooms that have been active last in a project, so many at most, of its newest activities. */
export async function activeRooms(
  db: Queryable,
  project: string,
  { limit, among }: { readonly limit: number; readonly among: number },
): Promise<readonly string[]> {
  const { rows } = await db.query<{ room: string }>(
    `select room from (select room, at from activities where project_id = $1 order by at desc, id desc limit $3) newest
     group by room order by max(at) desc, room limit $2`,
    [project, limit, among],
  )
  return rows.map(({ room }) => room)
}
