import { createRoute, z } from '@hono/zod-openapi'
import { type AccessOptions, memberOf } from '../http/room-access.ts'
import { createRouter, json, needs, refusals } from '../http/router.ts'
import { API_PREFIX } from '../protocol.ts'
import type { History } from './history.ts'
import { atSchema, HISTORY_ROLE, iso, nearestSchema, parseAt, roomParams } from './requests.ts'
import type { Bucket, Writer } from './timeline/overview.ts'

const MAX_BUCKETS = 500

const ROOM = `${API_PREFIX}/rooms/{room}`
const security = needs(HISTORY_ROLE)

const writersSchema = z
  .object({
    writers: z.array(
      z.object({
        id: z.string(),
        name: z.string().nullable().openapi({ description: 'As in the last token that they came with' }),
        startedAt: z.iso.datetime(),
        endedAt: z.iso.datetime(),
        entries: z.int(),
        inserted: z.int(),
        deleted: z.int(),
      }),
    ),
  })
  .openapi('Writers')

const activitySchema = z
  .object({
    head: z.int(),
    buckets: z.array(
      z.object({
        firstSeq: z.int(),
        lastSeq: z.int(),
        at: z.iso.datetime(),
        inserted: z.int(),
        deleted: z.int(),
      }),
    ),
  })
  .openapi('Activity')

const positionSchema = z
  .object({
    seq: z.int(),
    at: z.iso.datetime().nullable().openapi({ description: 'When it was reached; null for the empty room' }),
    actor: z.string().nullable().openapi({ description: 'Whose entry it was' }),
  })
  .openapi('Position')

const writers = createRoute({
  method: 'get',
  path: `${ROOM}/writers`,
  summary: 'Everybody who ever wrote in a room, most entries first',
  security,
  request: { params: roomParams },
  responses: { 200: { description: 'At most five hundred people', ...json(writersSchema) }, ...refusals },
})

const activity = createRoute({
  method: 'get',
  path: `${ROOM}/activity`,
  summary: 'How much was written and deleted, in stretches of equally many entries, oldest first',
  security,
  request: {
    params: roomParams,
    query: z.object({ buckets: z.coerce.number().int().min(1).max(MAX_BUCKETS).default(120) }),
  },
  responses: { 200: { description: 'The stretches', ...json(activitySchema) }, ...refusals },
})

const position = createRoute({
  method: 'get',
  path: `${ROOM}/position`,
  summary: 'Which position a seq, a moment or a version is, when it was reached and by whom',
  security,
  request: { params: roomParams, query: z.object({ at: atSchema, nearest: nearestSchema }) },
  responses: { 200: { description: 'The position', ...json(positionSchema) }, ...refusals },
})

/** A room's past at a glance. */
export function overviewRoutes({ history, ...access }: AccessOptions & { readonly history: History }) {
  const member = memberOf(access)
  return createRouter()
    .openapi(writers, async (c) => {
      const { room } = c.req.valid('param')
      await member(c.req.header('authorization'), room, HISTORY_ROLE)
      return c.json({ writers: (await history.writers(room)).map(writerJson) }, 200)
    })
    .openapi(activity, async (c) => {
      const { room } = c.req.valid('param')
      await member(c.req.header('authorization'), room, HISTORY_ROLE)
      const { head, buckets } = await history.activity(room, c.req.valid('query').buckets)
      return c.json({ head, buckets: buckets.map(bucketJson) }, 200)
    })
    .openapi(position, async (c) => {
      const { room } = c.req.valid('param')
      await member(c.req.header('authorization'), room, HISTORY_ROLE)
      const query = c.req.valid('query')
      const { seq, at, actor } = await history.position(
        room,
        parseAt(query.at, query.nearest),
        c.req.raw.signal,
      )
      return c.json({ seq, at: at === null ? null : iso(at), actor }, 200)
    })
}

const writerJson = ({ firstAt, lastAt, ...writer }: Writer) => ({
  ...writer,
  startedAt: iso(firstAt),
  endedAt: iso(lastAt),
})

const bucketJson = ({ at, ...bucket }: Bucket) => ({ ...bucket, at: iso(at) })
