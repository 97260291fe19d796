import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpBindings } from '@hono/node-server'
import { createRoute, z } from '@hono/zod-openapi'
import { atLeast } from '../access/grants.ts'
import type { Identity } from '../access/identity.ts'
import type { Tickets } from '../access/tickets.ts'
import type { Verify } from '../access/verifier.ts'
import { bearer } from '../http/bearer.ts'
import { createRouter, json, needs, refusals } from '../http/router.ts'
import { text } from '../http/text.ts'
import type { Seq } from '../log/entry.ts'
import type { HeldRoom } from '../log/log.ts'
import { MAX_EVENTS_AT_ONCE, type Role } from '../protocol.ts'
import { ROOM_EVENTS, roomParam } from './address.ts'
import type { Channels, EventPage } from './channels.ts'
import { encodeEvents } from './encode.ts'
import { type EntryOptions, enter } from './entry.ts'
import { EventStream } from './event-stream.ts'
import { nextEvents } from './next-events.ts'
import type { Registry } from './registry.ts'
import type { Admit, Visit } from './visit.ts'

const STREAM = 'text/event-stream'
/** The longest that a request may wait for events, in seconds: proxies give up on one after a minute. */
const LONGEST_WAIT = 60

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
    head: z.int().openapi({
      description:
        'The newest position of the room, be it an event or an edit; without events, where to go on',
    }),
    reset: z
      .int()
      .optional()
      .openapi({ description: 'Events up to here are not kept any more, and some of them were asked for' }),
  })
  .openapi('EventPage')

const position = z.coerce.number().int().nonnegative()

const list = createRoute({
  method: 'get',
  path: ROOM_EVENTS,
  summary: 'Events of a room after a position, in order: a page, the next ones, or a stream',
  description:
    'With `Accept: text/event-stream` all of them, and those that come, until the token expires: each with its seq as id and its type as event; in rooms `analytics:…` also what is measured, as `syncline.metrics` without an id; `resumed` once all that is there was sent, `reset` where some is not kept any more, `end` with the reason before it ends. `Last-Event-ID` goes before `after`.',
  security: needs('read'),
  request: {
    params: roomParam,
    headers: z.object({ accept: z.string().optional(), 'last-event-id': position.optional() }),
    query: z.object({
      after: z
        .union([position, z.literal('head')])
        .default(0)
        .openapi({
          description: 'A seq; or `head`: only what is still to come',
        }),
      limit: z.coerce.number().int().min(1).max(MAX_EVENTS_AT_ONCE).default(100),
      types: text
        .max(2_000)
        .transform((list) => list.split(','))
        .optional()
        .openapi({ description: 'Only these types, with commas between them' }),
      wait: z.coerce.number().min(0).max(LONGEST_WAIT).default(0).openapi({
        description: 'Where there are none, seconds to wait for the next',
      }),
      ticket: z.string().optional().openapi({ description: 'In place of a token, for a stream' }),
    }),
  },
  responses: {
    200: {
      description: 'A page of events, or the stream',
      content: { ...json(pageSchema).content, [STREAM]: { schema: z.string() } },
    },
    ...refusals,
  },
})

export interface ReadRouteOptions extends EntryOptions {
  readonly channels: Channels
  readonly tickets: Tickets
  readonly admit: Admit
  readonly verify: Verify
  readonly addressOf: (request: IncomingMessage) => string
}

/** What somebody asks for, and may have. */
interface Question {
  readonly held: HeldRoom
  readonly after: Seq
  readonly limit: number
  readonly types: readonly string[] | undefined
  /** Whether they are told of events of this type, by the role that they have now. */
  readonly mayRead: (type: string, role: Role | undefined) => boolean
  readonly hears: (type: string) => boolean
  readonly admit: () => Visit
}

export function readRoutes({
  channels,
  tickets,
  admit,
  verify,
  addressOf,
  authorizer,
  revocations,
}: ReadRouteOptions) {
  return createRouter().openapi(list, async (c) => {
    const { room } = c.req.valid('param')
    const { ticket, limit, types, wait, after } = c.req.valid('query')
    const headers = c.req.valid('header')
    const streams = headers.accept?.includes(STREAM) === true
    const { incoming, outgoing } = c.env as Partial<HttpBindings>
    const identity: Identity =
      ticket !== undefined && streams
        ? await tickets.redeem(ticket, room)
        : await bearer(c.req.header('authorization'), verify)
    const entry = await enter(identity, room, { authorizer, revocations })
    const held = await channels.open(room, undefined)
    // Answered as a GET whose body nobody takes: a stream would never end.
    if (c.req.method === 'HEAD') {
      held.release()
      return c.body(null, 200, { 'Content-Type': streams ? STREAM : 'application/json' })
    }
    const from = (streams ? headers['last-event-id'] : undefined) ?? after
    const wants = (type: string): boolean => types === undefined || types.includes(type)
    const question: Question = {
      held,
      after: from === 'head' ? held.room.known : from,
      limit,
      types,
      mayRead: (type, role) => channels.registry.mayRead(role, type) && wants(type),
      hears: wants,
      admit: () => admit({ ...entry, room, address: incoming === undefined ? '' : addressOf(incoming) }),
    }
    if (streams) return stream(channels, room, question, outgoing)
    try {
      const page = await firstReadable(channels, question, entry.role)
      const some = wait === 0 || page.events.length > 0 || page.reset !== undefined
      const answer = some ? page : await next(channels, question, page.head, wait, c.req.raw.signal)
      return c.body(textOf(answer), 200, { 'Content-Type': 'application/json' })
    } finally {
      held.release()
    }
  })
}

/** A page of which something may be read, or the last one. */
async function firstReadable(
  channels: Channels,
  { held: { room }, mayRead, limit, types, ...from }: Question,
  role: Role,
): Promise<EventPage> {
  let { after } = from
  // Nobody has the server page through a room of which they may read nothing.
  const readable = readableTypes(channels.registry, role, types)
  for (;;) {
    const page = await channels.read(room, { after, limit, types: readable })
    const events = page.events.filter(({ type }) => mayRead(type, role))
    const last = page.events.at(-1)
    if (events.length > 0 || last === undefined || page.reset !== undefined) return { ...page, events }
    after = last.seq
  }
}

const typesOf = ({ kinds }: Registry): readonly string[] =>
  kinds.flatMap(({ name, events }) => Object.keys(events).map((event) => `${name}.${event}`))

/** What to ask the database for; all where it is undefined. Who may write also reads what no kind has any more. */
function readableTypes(
  registry: Registry,
  role: Role,
  types: readonly string[] | undefined,
): readonly string[] | undefined {
  if (types === undefined && atLeast(role, 'write')) return undefined
  const asked = types ?? typesOf(registry)
  return asked.filter((type) => registry.mayRead(role, type))
}

async function next(
  channels: Channels,
  { held: { room }, mayRead, limit, admit }: Question,
  after: Seq,
  wait: number,
  gone: AbortSignal,
): Promise<EventPage> {
  const visit = admit()
  try {
    return await nextEvents(channels, room, {
      after,
      limit,
      mayRead: (type) => mayRead(type, visit.role),
      visit,
      wait: wait * 1_000,
      gone,
    })
  } finally {
    visit.leave()
  }
}

function stream(
  channels: Channels,
  name: string,
  { held, after, mayRead, hears, admit }: Question,
  answer: ServerResponse | undefined,
): Response {
  let visit: Visit | undefined
  try {
    const admitted = admit()
    visit = admitted
    return new EventStream({
      channels,
      name,
      room: held.room,
      after,
      mayRead: (type) => mayRead(type, admitted.role),
      hears: (type) => admitted.role !== undefined && hears(type),
      visit,
      answer,
      left: held.release,
    }).response
  } catch (error) {
    visit?.leave()
    held.release()
    throw error
  }
}

/** The payloads are JSON already. */
const textOf = ({ events, head, reset }: EventPage): string =>
  `{"events":[${encodeEvents(events)}],"head":${head}${reset === undefined ? '' : `,"reset":${reset}`}}`
