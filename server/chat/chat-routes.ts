import { createHash, randomUUID } from 'node:crypto'
import { createRoute, z } from '@hono/zod-openapi'
import { atLeast } from '../access/grants.ts'
import { type Identity, userIdSchema } from '../access/identity.ts'
import type { People } from '../access/people.ts'
import type { Channels } from '../channels/channels.ts'
import type { Followers } from '../channels/followers.ts'
import { SynclineError } from '../errors.ts'
import { bearer } from '../http/bearer.ts'
import { memberOf } from '../http/room-access.ts'
import { createRouter, json, jsonBody, needs, refusals } from '../http/router.ts'
import { text } from '../http/text.ts'
import { API_PREFIX, ROLES } from '../protocol.ts'
import type { Queryable } from '../storage/transaction.ts'
import { type ChatAccess, shownTo } from './access.ts'
import { type ChatSummary, listChats } from './chat-list.ts'
import { blockedBy, isBlocked, setBlocked } from './members.ts'
import { unreadOf } from './read-positions.ts'
import { CHAT_KIND } from './rule.ts'
import { searchMessages } from './search.ts'

const CHATS = `${API_PREFIX}/chats`
const security = needs()
const time = z.number().openapi({ description: 'Milliseconds since the epoch' })

const chatSchema = z
  .object({
    room: z.string(),
    title: z.string().nullable(),
    direct: z.boolean().openapi({ description: 'Of two people, for good' }),
    createdBy: z.string(),
    createdAt: time,
    members: z.array(
      z.object({
        id: z.string(),
        name: z.string().nullable().openapi({ description: 'As they were last called' }),
        role: z.enum(ROLES),
        read: z.int().openapi({ description: 'Up to where they have read' }),
      }),
    ),
    unread: z.int().openapi({ description: 'Messages of others after `read` that were not deleted' }),
    read: z.int(),
    last: z
      .object({
        id: z.string(),
        seq: z.int(),
        author: z.string(),
        at: time,
        text: z.string().openapi({ description: 'Its first 200 characters' }),
        deleted: z.boolean(),
      })
      .nullable(),
  })
  .openapi('Chat')

const create = createRoute({
  method: 'post',
  path: CHATS,
  summary: 'Create a chat, or find the direct one with somebody',
  description:
    'Whoever creates one is its administrator. Two people have one direct chat, whoever asks for it and however often; nobody else can be in it.',
  security,
  request: {
    headers: z.object({
      'idempotency-key': z
        .string()
        .regex(/^[\x21-\x7e]{1,100}$/, 'must be 1 to 100 printable ASCII characters')
        .optional()
        .openapi({ description: 'The same again, by the same person, is the same chat' }),
    }),
    body: jsonBody(
      z.union([
        z.strictObject({ direct: userIdSchema }),
        z.strictObject({ title: text.max(500), members: z.array(userIdSchema).max(999) }),
      ]),
      { title: 'Release 4', members: ['bob', 'cleo'] },
    ),
  },
  responses: { 200: { description: 'The chat', ...json(chatSchema) }, ...refusals },
})

const one = createRoute({
  method: 'get',
  path: `${CHATS}/{room}`,
  summary: 'One chat',
  security: needs('read'),
  request: { params: z.object({ room: z.string() }) },
  responses: { 200: { description: 'The chat', ...json(chatSchema) }, ...refusals },
})

const list = createRoute({
  method: 'get',
  path: CHATS,
  summary: 'One’s chats, the last talked in first',
  security,
  request: { query: z.object({ limit: z.coerce.number().int().min(1).max(1_000).default(200) }) },
  responses: {
    200: { description: 'The chats', ...json(z.object({ chats: z.array(chatSchema) })) },
    ...refusals,
  },
})

const unread = createRoute({
  method: 'get',
  path: `${CHATS}/unread`,
  summary: 'How many messages one has not read, in each chat that has some',
  security,
  responses: {
    200: {
      description: 'Room to number',
      ...json(z.object({ total: z.int(), rooms: z.record(z.string(), z.int()) }).openapi('Unread')),
    },
    ...refusals,
  },
})

const search = createRoute({
  method: 'get',
  path: `${CHATS}/search`,
  summary: 'The newest messages of one’s chats that have these words',
  security,
  request: {
    query: z.object({
      q: text.min(1).max(500).openapi({ description: 'Words; "together", `or`, `-without`' }),
      room: text.optional().openapi({ description: 'Only of this chat' }),
      limit: z.coerce.number().int().min(1).max(100).default(50),
    }),
  },
  responses: {
    200: {
      description: 'Newest first',
      ...json(
        z.object({
          messages: z.array(
            z
              .object({
                room: z.string(),
                id: z.string(),
                seq: z.int(),
                author: z.string(),
                at: time,
                excerpt: z.array(z.object({ text: z.string(), found: z.boolean() })),
              })
              .openapi('FoundMessage'),
          ),
        }),
      ),
    },
    ...refusals,
  },
})

const block = createRoute({
  method: 'put',
  path: `${CHATS}/blocked/{user}`,
  summary: 'Take no direct messages from somebody, or take them again',
  description: 'While one of two has blocked the other, both may only read what they wrote to each other.',
  security,
  request: {
    params: z.object({ user: userIdSchema }),
    body: jsonBody(z.strictObject({ blocked: z.boolean() }), { blocked: true }),
  },
  responses: { 204: { description: 'So it is, on all nodes within a second' }, ...refusals },
})

const blocked = createRoute({
  method: 'get',
  path: `${CHATS}/blocked`,
  summary: 'From whom one takes no direct messages',
  security,
  responses: {
    200: { description: 'Ids of people', ...json(z.object({ users: z.array(z.string()) })) },
    ...refusals,
  },
})

export interface ChatRouteOptions extends ChatAccess {
  readonly db: Queryable
  readonly channels: Channels
  readonly followers: Pick<Followers, 'caughtUp'>
  readonly people: Pick<People, 'remember'>
  /** Whether rooms of this kind may be created at all. */
  readonly mayCreate: boolean
}

export function chatRoutes({ db, channels, followers, people, mayCreate, ...access }: ChatRouteOptions) {
  const { verify, authorizer, revocations } = access
  const member = memberOf(access)
  const asker = (authorization: string | undefined) => bearer(authorization, verify)

  /** @throws SynclineError `forbidden` where their token, or this server, does not let them */
  const requireCreator = (identity: Identity, room: string): void => {
    revocations.check(identity, room)
    if (!mayCreate || !atLeast(authorizer.most(identity, room), 'write')) throw new SynclineError('forbidden')
  }

  return createRouter()
    .openapi(create, async (c) => {
      const identity = await asker(c.req.header('authorization'))
      const { user } = identity
      const said = c.req.valid('json')
      const key = c.req.valid('header')['idempotency-key']
      const direct = 'direct' in said
      const room = direct ? directRoom(user, said.direct) : groupRoom(user, key)
      requireCreator(identity, room)
      if (direct && said.direct === user)
        throw new SynclineError('request-invalid', 'body: direct must be somebody else')
      if (direct && (await isBlocked(db, user, said.direct))) throw new SynclineError('blocked')
      const payload = direct
        ? { members: [user, said.direct].sort(), direct }
        : { title: said.title, members: [...new Set([user, ...said.members])] }
      const accepted = channels.accept(room, 'admin', [{ type: 'chat.created', id: 'created', payload }])
      await people.remember(identity)
      const held = await channels.open(room, user)
      try {
        // Whoever of the two was first has made it for both.
        await channels.publishAll(held.room, { user, role: 'admin' }, accepted).catch((error: unknown) => {
          if (!direct || !(error instanceof SynclineError) || error.code !== 'event-conflict') throw error
        })
        await held.room.durable() // the other's may be on its way yet
        await followers.caughtUp(room)
      } finally {
        held.release()
      }
      const [chat] = await listChats(db, user, { room, limit: 1 })
      // It is made, and not in the list yet: the same again finds it.
      if (chat === undefined) throw new SynclineError('authorization-unavailable')
      return c.json(represent(chat), 200)
    })
    .openapi(unread, async (c) => {
      const identity = await asker(c.req.header('authorization'))
      const isShown = shownTo(access, identity)
      const counts = Object.entries(await unreadOf(db, identity.user)).filter(([room]) => isShown(room))
      const total = counts.reduce((sum, [, count]) => sum + count, 0)
      return c.json({ total, rooms: Object.fromEntries(counts) }, 200)
    })
    .openapi(search, async (c) => {
      const identity = await asker(c.req.header('authorization'))
      const { q, room, limit } = c.req.valid('query')
      const found = await searchMessages(db, identity.user, { words: q, room, limit })
      const isShown = shownTo(access, identity)
      const messages = found.filter((message) => isShown(message.room))
      return c.json({ messages: messages.map((one) => ({ ...one, excerpt: [...one.excerpt] })) }, 200)
    })
    .openapi(blocked, async (c) => {
      const { user } = await asker(c.req.header('authorization'))
      return c.json({ users: [...(await blockedBy(db, user))] }, 200)
    })
    .openapi(block, async (c) => {
      const { user } = await asker(c.req.header('authorization'))
      await setBlocked(db, user, c.req.valid('param').user, c.req.valid('json').blocked)
      return c.body(null, 204)
    })
    .openapi(list, async (c) => {
      const identity = await asker(c.req.header('authorization'))
      const chats = await listChats(db, identity.user, { limit: c.req.valid('query').limit })
      const isShown = shownTo(access, identity)
      return c.json({ chats: chats.filter(({ room }) => isShown(room)).map(represent) }, 200)
    })
    .openapi(one, async (c) => {
      const { room } = c.req.valid('param')
      const { user } = await member(c.req.header('authorization'), room, 'read')
      const [chat] = await listChats(db, user, { room, limit: 1 })
      if (chat === undefined) throw new SynclineError('room-not-found')
      return c.json(represent(chat), 200)
    })
}

const digest = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)

/** Made of both, so that there cannot be two. */
const directRoom = (...users: readonly [string, string]): string =>
  `${CHAT_KIND}:direct-${digest(...[...users].sort())}`

/** A key says whose it is: nobody else comes upon the same room. */
const groupRoom = (user: string, key: string | undefined): string =>
  `${CHAT_KIND}:${key === undefined ? randomUUID() : digest(user, key)}`

const represent = ({ members, ...chat }: ChatSummary) => ({ ...chat, members: [...members] })
