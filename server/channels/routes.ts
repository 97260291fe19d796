import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { createRoute, z } from '@hono/zod-openapi'
import type { People } from '../access/people.ts'
import { bearer } from '../http/bearer.ts'
import { createRouter, json, jsonBody, needs, refusals } from '../http/router.ts'
import { MAX_EVENTS_AT_ONCE } from '../protocol.ts'
import { ROOM_EVENTS, roomParam } from './address.ts'
import { enter } from './entry.ts'
import { type ReadRouteOptions, readRoutes } from './read-routes.ts'
import { weigh } from './weigh.ts'

const security = needs('read')

const draftSchema = z.object({
  type: z.string(),
  id: z.string().optional(),
  payload: z.unknown(),
})

const draftsSchema = z
  .union([draftSchema, z.array(draftSchema).min(1).max(MAX_EVENTS_AT_ONCE)])
  .openapi({ description: 'One event, or up to 1000 in order' })

const publish = createRoute({
  method: 'post',
  path: ROOM_EVENTS,
  summary: 'Publish one event, or several in order; answered when they are committed',
  description:
    'The role is the one that the event asks for, by its kind; see GET /api/v1/kinds. After one that is refused and may go well later none is stored: sent again with the same ids, all stand in their order.',
  security: needs('comment'),
  request: {
    params: roomParam,
    headers: z.object({
      'idempotency-key': z
        .string()
        .regex(/^[\x21-\x7e]{1,100}$/, 'must be 1 to 100 printable ASCII characters')
        .optional()
        .openapi({
          description:
            'The id of the event, or of several `key/0`, `key/1` …: the same again stores nothing new. A key is for one body: used again with another, it is answered `event-conflict` where an id has another event, and those whose ids were free are stored.',
        }),
    }),
    body: jsonBody(draftsSchema, { type: 'build.queued', payload: { position: 3 } }),
  },
  responses: {
    200: {
      description: 'They are committed',
      ...json(z.object({ events: z.array(z.object({ id: z.string(), seq: z.int() })) }).openapi('Published')),
    },
    ...refusals,
  },
})

const ticket = createRoute({
  method: 'post',
  path: `${ROOM_EVENTS}/ticket`,
  summary: 'A ticket for the stream of this room, for an EventSource, which cannot send a token',
  description:
    'It goes into the address (`?ticket=…`), also when the EventSource comes back by itself; it is good for the events of this room alone, and for as long as the token that it was given for.',
  security,
  request: { params: roomParam },
  responses: {
    200: {
      description: 'The ticket',
      ...json(z.object({ ticket: z.string(), expiresAt: z.iso.datetime() }).openapi('EventTicket')),
    },
    ...refusals,
  },
})

export interface EventRouteOptions extends ReadRouteOptions {
  readonly people: Pick<People, 'remember'>
  /** Counts so many events against the address that sent them. @throws SynclineError `rate-limited` */
  readonly charge: (request: IncomingMessage, events: number) => Promise<void>
}

export function eventRoutes({ people, charge, ...options }: EventRouteOptions) {
  const { channels, tickets, verify } = options
  const router = createRouter()
    .openapi(publish, async (c) => {
      const { room } = c.req.valid('param')
      const { identity, role, decision } = await enter(
        await bearer(c.req.header('authorization'), verify),
        room,
        options,
      )
      const said = c.req.valid('json')
      const key = c.req.valid('header')['idempotency-key']
      const drafts = (Array.isArray(said) ? said : [said]).map(({ type, id, payload }, index) => ({
        type,
        payload,
        id: id ?? (key === undefined ? randomUUID() : Array.isArray(said) ? `${key}/${index}` : key),
      }))
      const { incoming } = c.env as Partial<HttpBindings>
      if (incoming !== undefined) await charge(incoming, weigh(drafts))
      const accepted = channels.accept(room, role, drafts)
      const held = await channels.open(room, decision.mayCreate ? identity.user : undefined)
      try {
        await people.remember(identity)
        const events = await channels.publishAll(held.room, { user: identity.user, role }, accepted)
        return c.json({ events: [...events] }, 200)
      } finally {
        held.release()
      }
    })
    .openapi(ticket, async (c) => {
      const { room } = c.req.valid('param')
      const { identity } = await enter(await bearer(c.req.header('authorization'), verify), room, options)
      const issued = await tickets.issue(identity, room)
      return c.json({ ticket: issued, expiresAt: new Date(identity.expiresAt).toISOString() }, 200)
    })
  router.route('/', readRoutes(options))
  return router
}
