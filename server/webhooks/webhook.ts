import { z } from '@hono/zod-openapi'
import type { Registry } from '../channels/registry.ts'
import { SynclineError } from '../errors.ts'
import { text } from '../http/text.ts'
import { ROOM_NAME } from '../protocol.ts'

/** The most webhooks that one server has: the commit of whatever they may want to be told looks at each. */
export const MAX_WEBHOOKS = 50

/** Why the server has switched a webhook off: its receiver said 410, or failed for days. */
const SWITCHED_OFF = ['gone', 'failing'] as const

/** What becomes of a delivery: it waits for its first or next try, was taken, or was given up. */
export const DELIVERY_STATUSES = ['waiting', 'delivered', 'failed'] as const

/** What a webhook can be told of beside events. */
const OCCASIONS = ['document.changed', 'version.created', 'room.created', 'room.erased'] as const

/** Which of them there are is the registry's to say. */
const EVENT = /^event:[a-z0-9*._-]{1,150}$/
const KIND_PATTERN = /^[a-z][a-z0-9-]{0,31}:\*$/

const isOccasion = (name: string): boolean => OCCASIONS.some((occasion) => occasion === name)
const isRoomPattern = (text: string): boolean => KIND_PATTERN.test(text) || ROOM_NAME.test(text)

const unique = <Item>(items: readonly Item[]): Item[] => [...new Set(items)]

const eventsSchema = z
  .array(
    z
      .string()
      .refine(
        (name) => isOccasion(name) || EVENT.test(name),
        `must be one of ${OCCASIONS.join(', ')}, or such as event:chat.message, event:chat.* or event:*`,
      ),
  )
  .min(1, 'must name at least one')
  .max(100)
  .transform(unique)
  .openapi({
    description: `What it is told of: ${OCCASIONS.join(', ')}, event:<type> (event:chat.message), event:<kind>.*, event:*`,
  })

const roomsSchema = z
  .array(z.string().refine(isRoomPattern, 'must be such as doc:readme or doc:*'))
  .max(100)
  .transform(unique)
  .openapi({ description: 'Of which rooms: doc:readme, doc:*; of all where it is empty' })

const url = z.string().min(1).max(2_000)
const description = text.max(500)

export const newWebhookSchema = z
  .strictObject({
    url: url.openapi({
      description:
        'https, without a user in it, and not in a private network; WEBHOOK_ALLOWED_NETWORKS may allow some, http too',
    }),
    description: description.default(''),
    events: eventsSchema,
    rooms: roomsSchema.default([]),
    active: z.boolean().default(true),
  })
  .openapi('NewWebhook')

export const webhookChangeSchema = z
  .strictObject({
    url: url.optional(),
    description: description.optional(),
    events: eventsSchema.optional(),
    rooms: roomsSchema.optional(),
    active: z.boolean().optional().openapi({ description: 'true also lets what waits go out at once' }),
  })
  .openapi('WebhookChange')

const time = z.iso.datetime()

export const webhookSchema = z
  .object({
    id: z.uuid(),
    url: z.string(),
    description: z.string(),
    events: z.array(z.string()),
    rooms: z.array(z.string()),
    active: z.boolean().openapi({
      description: 'Switched off it is told of nothing new, and what waits for it stays where it is',
    }),
    switchedOff: z.enum(SWITCHED_OFF).nullable().openapi({
      description: 'Why the server has switched it off; null where it did not',
    }),
    failingSince: time.nullable().openapi({ description: 'Nothing has been taken since then' }),
    waiting: z.int().openapi({ description: 'Deliveries that wait for their first or next try' }),
    previousSecretUntil: time.nullable().openapi({
      description: 'Until then deliveries are signed with the secret before this one, too',
    }),
    createdAt: time,
    createdBy: z.string(),
    changedAt: time,
  })
  .openapi('Webhook')

const secret = z.string().openapi({ description: 'whsec_…; never shown again' })

export const createdWebhookSchema = webhookSchema.extend({ secret }).openapi('CreatedWebhook')
export const webhooksSchema = z
  .object({ webhooks: z.array(webhookSchema) })
  .openapi('Webhooks', { description: `Oldest first; there are at most ${MAX_WEBHOOKS}` })
export const rotatedSchema = z.object({ secret, previousSecretUntil: time }).openapi('WebhookSecret')

export const deliverySchema = z
  .object({
    id: z.uuid().openapi({ description: 'Of the message too, however often it is sent' }),
    type: z.string().openapi({ description: 'document.changed, event:chat.message, ping …' }),
    room: z.string().nullable(),
    seq: z.int().nullable(),
    at: time.openapi({ description: 'When that happened of which it tells' }),
    status: z.enum(DELIVERY_STATUSES),
    attempts: z.int(),
    replays: z.int().openapi({ description: 'How often an administrator had it sent again' }),
    createdAt: time,
    lastAttemptAt: time.nullable(),
    nextAttemptAt: time.nullable().openapi({ description: 'While it waits' }),
    deliveredAt: time.nullable(),
    statusCode: z.int().nullable().openapi({ description: 'What the receiver last answered' }),
    duration: z.int().nullable().openapi({ description: 'How long the last try took, in ms' }),
    error: z.string().nullable().openapi({ description: 'Why the last try failed' }),
  })
  .openapi('WebhookDelivery')

export const deliveryWithMessageSchema = deliverySchema
  .extend({
    message: z.record(z.string(), z.unknown()).openapi({ description: 'What is sent, as JSON' }),
  })
  .openapi('WebhookDeliveryWithMessage')

export const deliveriesSchema = z
  .object({ deliveries: z.array(deliverySchema), next: z.int().nullable() })
  .openapi('WebhookDeliveries')

export type NewWebhook = z.output<typeof newWebhookSchema>
export type WebhookChange = z.output<typeof webhookChangeSchema>
export type SwitchedOff = (typeof SWITCHED_OFF)[number]
export type DeliveryStatus = (typeof DELIVERY_STATUSES)[number]

/**
 * What no room can have is never told of: better said when a webhook is made.
 * @throws SynclineError `request-invalid`
 */
export function requireKnownEvents(registry: Pick<Registry, 'kinds'>, events: readonly string[]): void {
  const types = registry.kinds.flatMap(({ name, events: own }) => [
    `event:${name}.*`,
    ...Object.keys(own).map((event) => `event:${name}.${event}`),
  ])
  const known: ReadonlySet<string> = new Set([...OCCASIONS, 'event:*', ...types])
  const unknown = events.find((name) => !known.has(name))
  if (unknown !== undefined)
    throw new SynclineError('request-invalid', `body: events: rooms have no event ${unknown}`)
}
