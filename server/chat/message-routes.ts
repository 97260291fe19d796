import { createRoute, z } from '@hono/zod-openapi'
import type { Followers } from '../channels/followers.ts'
import { SynclineError } from '../errors.ts'
import { memberOf } from '../http/room-access.ts'
import { createRouter, json, jsonBody, needs, refusals } from '../http/router.ts'
import { API_PREFIX, ROLES } from '../protocol.ts'
import type { Queryable } from '../storage/transaction.ts'
import type { ChatAccess } from './access.ts'
import { type MessagePage, readMessages } from './message-page.ts'

const ROOM = `${API_PREFIX}/rooms/{room}`
const security = needs('read')
const room = z.object({ room: z.string() })
const time = z.number().openapi({ description: 'Milliseconds since the epoch' })

const messageSchema = z
  .object({
    id: z.string(),
    seq: z.int(),
    author: z.string(),
    at: time,
    text: z.string(),
    answers: z.string().nullable().openapi({ description: 'The id of another message' }),
    mentions: z.array(z.string()),
    links: z.array(z.object({ url: z.string(), title: z.string().optional() })),
    editedAt: time.nullable(),
    deleted: z.boolean().openapi({ description: 'Then it says nothing any more' }),
    reactions: z.array(z.object({ emoji: z.string(), user: z.string() })),
  })
  .openapi('ChatMessage')

const page = createRoute({
  method: 'get',
  path: `${ROOM}/messages`,
  summary: 'Messages of a room as they are now, the last ones or those before a position; oldest first',
  security,
  request: {
    params: room,
    query: z.object({
      before: z.coerce.number().int().positive().optional().openapi({ description: 'A seq' }),
      limit: z.coerce.number().int().min(1).max(100).default(50),
    }),
  },
  responses: {
    200: {
      description: 'A page; `before` is that of the older ones',
      ...json(
        z
          .object({
            messages: z.array(messageSchema),
            seq: z.int().openapi({ description: 'Events up to here are in it: go on after it' }),
            before: z.int().nullable(),
            reads: z
              .record(z.string(), z.int())
              .openapi({ description: 'Person to the seq up to which they have read' }),
            names: z.record(z.string(), z.string()),
            role: z.enum(ROLES).openapi({ description: 'What one may do here' }),
          })
          .openapi('MessagePage'),
      ),
    },
    ...refusals,
  },
})

const read = createRoute({
  method: 'put',
  path: `${ROOM}/read`,
  summary: 'Say that one has read a room up to a position',
  description: 'It only ever goes forward; others who are here are told.',
  security,
  request: {
    params: room,
    body: jsonBody(z.strictObject({ seq: z.int().nonnegative() }), { seq: 1 }),
  },
  responses: {
    200: { description: 'Up to where one has read now', ...json(z.object({ seq: z.int() })) },
    ...refusals,
  },
})

/** @throws SynclineError `room-not-found` */
type MoveRead = (room: string, user: string, seq: number) => Promise<number>

export interface MessageRouteOptions extends ChatAccess {
  readonly db: Queryable
  readonly moveRead: MoveRead
  readonly followers: Pick<Followers, 'caughtUp'>
}

export function messageRoutes({ db, moveRead, followers, ...access }: MessageRouteOptions) {
  const member = memberOf(access)
  return createRouter()
    .openapi(page, async (c) => {
      const { room } = c.req.valid('param')
      const { role } = await member(c.req.header('authorization'), room, 'read')
      await followers.caughtUp(room) // one reads what one has written
      const found = await readMessages(db, room, c.req.valid('query'))
      if (found === undefined) throw new SynclineError('room-not-found')
      return c.json({ ...represent(found), role }, 200)
    })
    .openapi(read, async (c) => {
      const { room } = c.req.valid('param')
      const { user } = await member(c.req.header('authorization'), room, 'read')
      return c.json({ seq: await moveRead(room, user, c.req.valid('json').seq) }, 200)
    })
}

const represent = ({ messages, ...page }: MessagePage) => ({
  ...page,
  messages: messages.map(({ mentions, links, reactions, ...message }) => ({
    ...message,
    mentions: [...mentions],
    links: [...links],
    reactions: [...reactions],
  })),
})
