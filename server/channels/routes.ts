import { randomUUID } from 'node:crypto'
import { createRoute, z } from '@hono/zod-openapi'
import type { Authorizer } from '../access/authorizer.ts'
import type { Identity } from '../access/identity.ts'
import type { People } from '../access/people.ts'
import type { Revocations } from '../access/revocations.ts'
import type { Verify } from '../access/verifier.ts'
import { SynclineError } from '../errors.ts'
import { bearer } from '../http/bearer.ts'
import { BEARER, createRouter, json, refusals } from '../http/router.ts'
import { API_PREFIX, MAX_EVENTS_AT_ONCE, type Role } from '../protocol.ts'
import type { Channels } from './channels.ts'
import { encodeEvents } from './encode.ts'

const ROOM_EVENTS = `${API_PREFIX}/rooms/{room}/events`
const security = [{ [BEARER]: [] }]
const params = z.object({ room: z.string() })

const eventSchema = z
  .object({
    seq: z.int(),
    id: z.string(),
    type: z.string(),
    actor: z.string(),
    at: z.number().openapi({ description: 'Milliseconds since the epoch' }),
    payload: z.unknown(),
  })
  .openapi('RoomEvent')

const pageSchema = z
  .object({
    events: z.array(eventSchema),
    head: z.int().openapi({ description: 'The newest position of the room, be it an event or an edit' }),
    reset: z
      .int()
      .optional()
      .openapi({ description: 'Events up to here are not kept any more, and some of them were asked for' }),
  })
  .openapi('EventPage')

const draftSchema = z.object({
  type: z.string(),
  id: z.string().optional(),
  payload: z.unknown(),
})

const draftsSchema = z
  .union([draftSchema, z.array(draftSchema).min(1).max(MAX_EVENTS_AT_ONCE)])
  .openapi({ description: 'One event, or up to 1000 in order' })

const list = createRoute({
  method: 'get',
  path: ROOM_EVENTS,
  summary: 'Events of a room after a position, in order',
  security,
  request: {
    params,
    query: z.object({
      after: z.coerce.number().int().nonnegative().default(0),
      limit: z.coerce.number().int().min(1).max(MAX_EVENTS_AT_ONCE).default(100),
      types: z
        .string()
        .max(2_000)
        .transform((list) => list.split(','))
        .optional()
        .openapi({ description: 'Only these types, with commas between them' }),
    }),
  },
  responses: { 200: { description: 'A page of events', ...json(pageSchema) }, ...refusals },
})

const publish = createRoute({
  method: 'post',
  path: ROOM_EVENTS,
  summary: 'Publish one event, or several in order; answered when they are committed',
  security,
  request: {
    params,
    headers: z.object({
      'idempotency-key': z
        .string()
        .regex(/^[\x21-\x7e]{1,100}$/, 'must be 1 to 100 printable ASCII characters')
        .optional()
        .openapi({
          description:
            'The id of the event, or of several `key/0`, `key/1` …: the same again stores nothing new',
        }),
    }),
    body: { ...json(draftsSchema), required: true },
  },
  responses: {
    200: {
      description: 'They are committed',
      ...json(z.object({ events: z.array(z.object({ id: z.string(), seq: z.int() })) }).openapi('Published')),
    },
    ...refusals,
  },
})

export interface EventRouteOptions {
  readonly channels: Channels
  readonly people: Pick<People, 'remember'>
  readonly verify: Verify
  readonly authorizer: Authorizer
  readonly revocations: Pick<Revocations, 'check'>
}

export function eventRoutes({ channels, people, verify, authorizer, revocations }: EventRouteOptions) {
  /** Before anything is looked up: who may not read a room is not told whether it exists. */
  const authorised = async (
    header: string | undefined,
    room: string,
  ): Promise<{ readonly identity: Identity; readonly role: Role; readonly mayCreate: boolean }> => {
    const identity = await bearer(header, verify)
    const { role, mayCreate } = await authorizer.decide(identity, room)
    revocations.check(identity, room)
    if (role === undefined) throw new SynclineError('forbidden')
    return { identity, role, mayCreate }
  }
  return createRouter()
    .openapi(list, async (c) => {
      const { room } = c.req.valid('param')
      const { role } = await authorised(c.req.header('authorization'), room)
      const held = await channels.open(room, undefined)
      try {
        const { events, head, reset } = await channels.read(held.room, c.req.valid('query'))
        const readable = events.filter(({ type }) => channels.registry.mayRead(role, type))
        const lost = reset === undefined ? '' : `,"reset":${reset}`
        // The payloads are JSON already.
        const body = `{"events":[${encodeEvents(readable)}],"head":${head}${lost}}`
        return c.body(body, 200, { 'Content-Type': 'application/json' }) as never
      } finally {
        held.release()
      }
    })
    .openapi(publish, async (c) => {
      const { room } = c.req.valid('param')
      const { identity, role, mayCreate } = await authorised(c.req.header('authorization'), room)
      const said = c.req.valid('json')
      const key = c.req.valid('header')['idempotency-key']
      const drafts = (Array.isArray(said) ? said : [said]).map(({ type, id, payload }, index) => ({
        type,
        payload,
        id: id ?? (key === undefined ? randomUUID() : Array.isArray(said) ? `${key}/${index}` : key),
      }))
      const held = await channels.open(room, mayCreate ? identity.user : undefined)
      try {
        await people.remember(identity)
        const events = await channels.publishAll(held.room, room, { user: identity.user, role }, drafts)
        return c.json({ events: [...events] }, 200)
      } finally {
        held.release()
      }
    })
}
