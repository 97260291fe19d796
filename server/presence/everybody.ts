import { createRoute, z } from '@hono/zod-openapi'
import { userIdSchema } from '../access/identity.ts'
import type { Verify } from '../access/verifier.ts'
import { administrator } from '../http/administrator.ts'
import { createRouter, json, needs, refusals } from '../http/router.ts'
import { text } from '../http/text.ts'
import { API_PREFIX } from '../protocol.ts'
import type { Online, Whereabouts } from './attendance.ts'

const MAX_PAGE = 100
/** Of somebody so many rooms are named; programs may have thousands open. */
const MAX_ROOMS = 20

const personSchema = z
  .object({
    user: z.string(),
    name: z.string(),
    status: z.enum(['online', 'away']),
    device: z.enum(['desktop', 'phone']).nullable(),
    since: z.iso.datetime().openapi({ description: 'Of the oldest of their connections' }),
    rooms: z
      .array(z.string())
      .openapi({ description: `The rooms that they have open, ${MAX_ROOMS} at most` }),
    roomCount: z.int(),
  })
  .openapi('OnlinePerson')

const pageSchema = z
  .object({ people: z.array(personSchema), total: z.int(), next: z.string().nullable() })
  .openapi('OnlinePeople')

const route = createRoute({
  method: 'get',
  path: `${API_PREFIX}/admin/people`,
  summary: 'Everybody who is connected to any node, and where',
  security: needs('admin in *:*'),
  request: {
    query: z.object({
      search: text.max(200).optional().openapi({ description: 'A part of the name or the id, in any case' }),
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
      after: userIdSchema.optional().openapi({ description: 'The `next` of an earlier page' }),
    }),
  },
  responses: {
    200: {
      description: 'A page of people in the order of their ids; `total` is how many are like that in all',
      ...json(pageSchema),
    },
    ...refusals,
  },
})

export interface EverybodyOptions {
  readonly whereabouts: Pick<Whereabouts, 'users' | 'get' | 'online'>
  readonly verify: Verify
}

export const everybodyRoutes = ({ whereabouts, verify }: EverybodyOptions) =>
  createRouter().openapi(route, async (c) => {
    await administrator(c.req.header('authorization'), verify)
    const { search, limit, after } = c.req.valid('query')
    const sought = search?.toLowerCase() ?? ''
    const users = [...whereabouts.users()]
      .filter((user) => sought === '' || isSought(sought, user, whereabouts.get(user)?.name))
      .sort()
    const rest = after === undefined ? users : users.filter((user) => user > after)
    const page = rest.slice(0, limit)
    const people = page.flatMap((user) => whereabouts.online(user) ?? []).map(represent)
    const next = rest.length > limit ? (page.at(-1) ?? null) : null
    return c.json({ people, total: users.length, next }, 200)
  })

const isSought = (sought: string, ...said: readonly (string | undefined)[]): boolean =>
  said.some((text) => text?.toLowerCase().includes(sought))

const represent = ({ since, rooms, ...person }: Online) => ({
  ...person,
  since: new Date(since).toISOString(),
  rooms: rooms.slice(0, MAX_ROOMS),
  roomCount: rooms.length,
})
