import { createRoute } from '@hono/zod-openapi'
import type { Verify } from '../access/verifier.ts'
import { type EntryOptions, enter } from '../channels/entry.ts'
import { bearer } from '../http/bearer.ts'
import { createRouter, json, needs, refusals } from '../http/router.ts'
import { API_PREFIX } from '../protocol.ts'
import type { Activities, ActivityQuestion } from './activities.ts'
import { groupActivities } from './groups.ts'
import { activityPage, activityQuery, projectParams, summaryQuery, summarySchema } from './requests.ts'
import { MOST_COUNTED } from './summary.ts'

const PATH = `${API_PREFIX}/projects/{project}/activity`
const security = needs('read')

const list = createRoute({
  method: 'get',
  path: PATH,
  summary: 'What happened in the rooms of a project: events and editing together, newest first',
  description:
    'For whoever may read `project:<id>`; of rooms in which they have no role, or not the one that is needed, nothing.',
  security,
  request: { params: projectParams, query: activityQuery },
  responses: {
    200: {
      description: 'A page; fewer than `limit` where an application hides hundreds',
      ...json(activityPage),
    },
    ...refusals,
  },
})

const summary = createRoute({
  method: 'get',
  path: `${PATH}/summary`,
  summary: 'How much each person did in a project, or was done in each of its rooms',
  description: `Of the newest ${MOST_COUNTED} activities that are as asked for.`,
  security,
  request: { params: projectParams, query: summaryQuery },
  responses: { 200: { description: 'Those with the most', ...json(summarySchema) }, ...refusals },
})

export interface ActivityRouteOptions extends EntryOptions {
  readonly activities: Activities
  readonly verify: Verify
}

export function activityRoutes({ activities, verify, ...access }: ActivityRouteOptions) {
  /** The project is a room: who may not read it is told nothing of it. */
  const asked = async (
    authorization: string | undefined,
    { project: id }: { readonly project: string },
    { type, person, room, from, until, q, limit }: Asked,
  ): Promise<ActivityQuestion> => {
    const project = `project:${id}`
    const { identity } = await enter(await bearer(authorization, verify), project, access)
    return { identity, project, limit, filter: { types: type, person, room, from, until, q } }
  }
  return createRouter()
    .openapi(list, async (c) => {
      const query = c.req.valid('query')
      const question = await asked(c.req.header('authorization'), c.req.valid('param'), query)
      const { items, ...page } =
        query.since === undefined
          ? await activities.before(question, query.before)
          : await activities.since(question, query.since)
      const said = query.grouped ? { groups: copied(groupActivities(items)) } : { items: [...items] }
      return c.json({ ...said, ...page }, 200)
    })
    .openapi(summary, async (c) => {
      const query = c.req.valid('query')
      const question = await asked(c.req.header('authorization'), c.req.valid('param'), query)
      const { rows, since } = await activities.summary(question, query.by)
      const summary = rows.map(({ last, ...row }) => ({ ...row, last: last.toISOString() }))
      return c.json({ summary, since: since?.toISOString() ?? null }, 200)
    })
}

interface Asked {
  readonly type?: readonly string[] | undefined
  readonly person?: string | undefined
  readonly room?: string | undefined
  readonly from?: string | undefined
  readonly until?: string | undefined
  readonly q?: string | undefined
  readonly limit: number
}

const copied = (groups: ReturnType<typeof groupActivities>) =>
  groups.map((group) => ({ ...group, people: [...group.people], items: [...group.items] }))
