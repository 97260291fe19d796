import { createRoute, z } from '@hono/zod-openapi'
import type { Authorizer } from '../access/authorizer.ts'
import type { Revocations } from '../access/revocations.ts'
import type { Verify } from '../access/verifier.ts'
import { SynclineError } from '../errors.ts'
import type { RoomDirectory, RoomSummary } from '../log/directory.ts'
import { API_PREFIX } from '../protocol.ts'
import { bearer } from './bearer.ts'
import { BEARER, createRouter, json, refusals } from './router.ts'

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
  after: z
    .string()
    .regex(/^\d{1,18}\.\d{1,18}$/, 'must be the next of an earlier page')
    .optional(),
})

const list = createRoute({
  method: 'get',
  path: `${API_PREFIX}/rooms`,
  summary: 'The rooms that the token may read, last changed first',
  security: [{ [BEARER]: [] }],
  request: { query: listQuery },
  responses: {
    200: {
      description:
        'A page of rooms, fewer than `limit` where the application hides some; `next` is the `after` of the following one',
      ...json(pageSchema),
    },
    ...refusals,
  },
})

const one = createRoute({
  method: 'get',
  path: `${API_PREFIX}/rooms/{room}`,
  summary: 'One room',
  security: [{ [BEARER]: [] }],
  request: { params: z.object({ room: z.string() }) },
  responses: { 200: { description: 'The room', ...json(roomSchema) }, ...refusals },
})

const represent = ({ createdAt, changedAt, ...room }: RoomSummary) => ({
  ...room,
  createdAt: createdAt.toISOString(),
  changedAt: changedAt.toISOString(),
})

export interface RoomOptions {
  readonly rooms: RoomDirectory
  readonly verify: Verify
  readonly authorizer: Authorizer
  readonly revocations: Pick<Revocations, 'check' | 'roomsTakenFrom'>
}

export const roomRoutes = ({ rooms: directory, verify, authorizer, revocations }: RoomOptions) =>
  createRouter()
    .openapi(list, async (c) => {
      const identity = await bearer(c.req.header('authorization'), verify)
      const { rooms, next } = await directory.list({
        ...c.req.valid('query'),
        readable: authorizer.candidates(identity),
        except: revocations.roomsTakenFrom(identity),
      })
      const decided = await Promise.all(rooms.map(({ name }) => authorizer.decide(identity, name)))
      const shown = rooms.filter((_, index) => decided[index]?.role !== undefined)
      return c.json({ rooms: shown.map(represent), next: next ?? null }, 200)
    })
    .openapi(one, async (c) => {
      const identity = await bearer(c.req.header('authorization'), verify)
      const name = c.req.valid('param').room
      // Before the look-up: who may not read a room is not told whether it exists.
      const { role } = await authorizer.decide(identity, name)
      revocations.check(identity, name)
      if (role === undefined) throw new SynclineError('forbidden')
      const room = await directory.get(name)
      if (room === undefined) throw new SynclineError('room-not-found')
      return c.json(represent(room), 200)
    })
