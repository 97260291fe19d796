import { createRoute, z } from '@hono/zod-openapi'
import type { Authorizer } from '../access/authorizer.ts'
import type { Revocations } from '../access/revocations.ts'
import { SynclineError } from '../errors.ts'
import type { RoomDirectory, RoomSummary } from '../log/directory.ts'
import { API_PREFIX } from '../protocol.ts'
import { bearer } from './bearer.ts'
import { type Cursors, cursorSchema } from './cursors.ts'
import { type AccessOptions, memberOf } from './room-access.ts'
import { createRouter, json, needs, refusals } from './router.ts'
import { shownPage } from './shown-page.ts'

const MAX_PAGE = 100

const roomSchema = z
  .object({
    name: z.string(),
    kind: z.string(),
    title: z.string().nullable(),
    editor: z.string().nullable(),
    head: z.int(),
    createdAt: z.iso.datetime(),
    createdBy: z.string(),
    changedAt: z.iso.datetime(),
  })
  .openapi('Room')

const pageSchema = z.object({ rooms: z.array(roomSchema), next: z.string().nullable() }).openapi('RoomPage')

const listQuery = z.object({
  kind: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a kind, such as doc')
    .optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
  after: cursorSchema.optional(),
})

const list = createRoute({
  method: 'get',
  path: `${API_PREFIX}/rooms`,
  summary: 'The rooms that the token may read, last changed first',
  security: needs(),
  request: { query: listQuery },
  responses: {
    200: {
      description:
        'A page of rooms, fewer than `limit` where the application hides hundreds; `next` is the `after` of the following one',
      ...json(pageSchema),
    },
    ...refusals,
  },
})

const one = createRoute({
  method: 'get',
  path: `${API_PREFIX}/rooms/{room}`,
  summary: 'One room',
  security: needs('read'),
  request: { params: z.object({ room: z.string() }) },
  responses: { 200: { description: 'The room', ...json(roomSchema) }, ...refusals },
})

const represent = ({ createdAt, changedAt, ...room }: RoomSummary) => ({
  ...room,
  createdAt: createdAt.toISOString(),
  changedAt: changedAt.toISOString(),
})

export interface RoomOptions extends AccessOptions {
  readonly rooms: RoomDirectory
  readonly cursors: Cursors
  readonly authorizer: Authorizer
  readonly revocations: Pick<Revocations, 'check' | 'roomsTakenFrom'>
}

export function roomRoutes({ rooms: directory, cursors, ...access }: RoomOptions) {
  const { verify, authorizer, revocations } = access
  const member = memberOf(access)
  return createRouter()
    .openapi(list, async (c) => {
      const identity = await bearer(c.req.header('authorization'), verify)
      const { kind, limit, after } = c.req.valid('query')
      const readable = authorizer.candidates(identity)
      const except = revocations.roomsTakenFrom(identity)
      const { rooms, next } = await shownPage({
        cursors,
        list: 'rooms',
        limit,
        after,
        candidates: (most, place) =>
          directory.list({
            kind,
            readable,
            except,
            exceptKinds: authorizer.ruledKinds,
            limit: most,
            after: place,
          }),
        isShown: async ({ name }) => (await authorizer.decide(identity, name)).role !== undefined,
      })
      return c.json({ rooms: rooms.map(represent), next }, 200)
    })
    .openapi(one, async (c) => {
      const name = c.req.valid('param').room
      await member(c.req.header('authorization'), name, 'read')
      const room = await directory.get(name)
      if (room === undefined) throw new SynclineError('room-not-found')
      return c.json(represent(room), 200)
    })
}
