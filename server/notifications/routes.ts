import { randomUUID } from 'node:crypto'
import { createRoute, z } from '@hono/zod-openapi'
import type pg from 'pg'
import { atLeast } from '../access/grants.ts'
import type { Identity } from '../access/identity.ts'
import { inboxOf } from '../access/inbox-rule.ts'
import type { Verify } from '../access/verifier.ts'
import type { Channels } from '../channels/channels.ts'
import { type EntryOptions, enter } from '../channels/entry.ts'
import type { Followers } from '../channels/followers.ts'
import { category, notification } from '../channels/kinds/user.ts'
import { SynclineError } from '../errors.ts'
import { bearer } from '../http/bearer.ts'
import { createRouter, json, jsonBody, needs, refusals } from '../http/router.ts'
import { API_PREFIX } from '../protocol.ts'
import { holdForDigest, isHeldAs } from './digest-table.ts'
import { FILTERS, type InboxPage, readInbox } from './inbox-table.ts'
import { notificationId } from './notifier.ts'
import { wishesOf } from './preferences.ts'

const MAX_PAGE = 500

const path = `${API_PREFIX}/users/{id}/notifications`
const params = z.object({ id: z.string() })

const notificationSchema = z
  .object({
    id: z.string(),
    seq: z.int(),
    at: z.number().openapi({ description: 'Milliseconds since the epoch' }),
    payload: z.unknown().openapi({ description: 'Of the event `user.notified`' }),
    read: z.boolean(),
    archived: z.boolean(),
  })
  .openapi('Notification')

const pageSchema = z
  .object({
    notifications: z.array(notificationSchema).openapi({ description: 'Newest first' }),
    unread: z.int(),
    unseen: z.int().openapi({ description: 'Of the unread ones, those that no device has shown yet' }),
    seenUntil: z.int(),
    preferences: z
      .object({
        ways: z.record(z.string(), z.string()),
        digests: z.record(z.string(), z.int()),
        muted: z.array(z.string()),
      })
      .openapi({ description: 'What differs from how it is without a word' }),
    names: z.record(z.string(), z.string()).openapi({ description: 'Of those whom payloads name as `from`' }),
    seq: z.int().openapi({ description: 'Go on with the room’s events after this' }),
    next: z.int().nullable().openapi({ description: 'The `before` of the next page; null for the last' }),
  })
  .openapi('Inbox')

const list = createRoute({
  method: 'get',
  path,
  summary: 'A page of somebody’s notifications, and how many are unread',
  description:
    'For that person; of somebody else’s, for whoever is granted `user:<id>` or `user:*`, without what is about chats.',
  security: needs('read'),
  request: {
    params,
    query: z.object({
      before: z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER).optional(),
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
      filter: z.enum(FILTERS).default('kept'),
    }),
  },
  responses: { 200: { description: 'The page', ...json(pageSchema) }, ...refusals },
})

const send = createRoute({
  method: 'post',
  path,
  summary: 'Notify somebody; answered when it is committed',
  description:
    'For backends: takes a token that grants to write in `user:<id>` (or `user:*`), and is not that person’s own.',
  security: needs('write'),
  request: {
    params,
    headers: z.object({
      'idempotency-key': z
        .string()
        .regex(/^[\x21-\x7e]{1,100}$/, 'must be 1 to 100 printable ASCII characters')
        .optional()
        .openapi({ description: 'The same again tells nobody twice' }),
    }),
    body: jsonBody(notification.openapi('NewNotification'), {
      category: 'billing',
      title: 'Invoice 17 is due',
      url: 'https://app.example/invoices/17',
    }),
  },
  responses: {
    200: {
      description: 'What became of it, by what they prefer',
      ...json(z.object({ id: z.string(), told: z.enum(['now', 'later', 'never']) }).openapi('Told')),
    },
    ...refusals,
  },
})

export interface NotificationRouteOptions extends EntryOptions {
  readonly pool: pg.Pool
  readonly channels: Pick<Channels, 'accept' | 'publishAs'>
  readonly followers: Pick<Followers, 'caughtUp'>
  readonly verify: Verify
}

export function notificationRoutes({
  pool,
  channels,
  followers,
  verify,
  ...entry
}: NotificationRouteOptions) {
  return createRouter()
    .openapi(list, async (c) => {
      const { id } = c.req.valid('param')
      const { identity } = await enter(
        await bearer(c.req.header('authorization'), verify),
        inboxOf(id),
        entry,
      )
      const whose = identity.user === id ? 'own' : 'others'
      const { before = Number.MAX_SAFE_INTEGER, limit, filter } = c.req.valid('query')
      await followers.caughtUp(inboxOf(id))
      const page = await readInbox(pool, inboxOf(id), { before, limit, filter, whose })
      return c.json(represent(page, limit), 200)
    })
    .openapi(send, async (c) => {
      const { id: user } = c.req.valid('param')
      const inbox = inboxOf(user)
      const { identity, role } = await enter(
        await bearer(c.req.header('authorization'), verify),
        inbox,
        entry,
      )
      if (!maySend(identity, user) && role !== 'admin')
        throw new SynclineError('forbidden', 'nobody notifies themselves')
      if (!atLeast(role, 'write')) throw new SynclineError('forbidden', 'this needs the role write')
      const says = c.req.valid('json')
      const key = c.req.valid('header')['idempotency-key'] ?? randomUUID()
      // Two backends that count from one do not get in each other's way.
      const event = notificationId(`key ${JSON.stringify([identity.user, key])}`)
      const draft = { type: 'user.notified', id: event, payload: says }
      // Before it is held: what can never be told is not to wait for a digest.
      channels.accept(inbox, 'admin', [draft])
      const wish = (await wishesOf(pool, [user], category.parse(says.category), undefined)).get(user)
      if (wish?.told === false) return c.json({ id: event, told: 'never' as const }, 200)
      if (wish?.inbox !== undefined) {
        if (wish.held !== null)
          await holdForDigest(pool, wish.inbox, { id: event, payload: says, minutes: wish.held })
        // Also what was held before they wanted to be told at once.
        const same = await isHeldAs(pool, wish.inbox, { id: event, payload: says })
        if (same === false) throw new SynclineError('event-conflict')
        if (same) return c.json({ id: event, told: 'later' as const }, 200)
      }
      await channels.publishAs(identity.user, inbox, [draft])
      return c.json({ id: event, told: 'now' as const }, 200)
    })
}

/** Everybody has the role write in their own inbox; that it says `Ada was promoted` is for others to write. */
const maySend = (identity: Identity, user: string): boolean => identity.user !== user

function represent({ preferences, notifications, ...page }: InboxPage, limit: number) {
  const about = (what: string) => preferences.filter((preference) => preference.about === what)
  const byKey = <Value>(what: string, read: (value: string) => Value) =>
    Object.fromEntries(about(what).map(({ key, value }) => [key, read(value)]))
  return {
    ...page,
    notifications: [...notifications],
    names: { ...page.names },
    preferences: {
      ways: byKey('way', String),
      digests: byKey('digest', Number),
      muted: about('muted').map(({ key }) => key),
    },
    next: notifications.length < limit ? null : (notifications.at(-1)?.seq ?? null),
  }
}
