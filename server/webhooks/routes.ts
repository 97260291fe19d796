import { createRoute, z } from '@hono/zod-openapi'
import type pg from 'pg'
import { type Act, recordAct } from '../access/audit.ts'
import { isAdministrator } from '../access/grants.ts'
import type { Verify } from '../access/verifier.ts'
import type { Registry } from '../channels/registry.ts'
import { SynclineError } from '../errors.ts'
import { bearer } from '../http/bearer.ts'
import { createRouter, json, jsonBody, needs, refusals } from '../http/router.ts'
import { API_PREFIX } from '../protocol.ts'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import type { Addresses } from './address.ts'
import { type Delivery, getDelivery, insertPing, listDeliveries, replayDelivery } from './delivery-table.ts'
import { newSecret } from './signature.ts'
import {
  createdWebhookSchema,
  DELIVERY_STATUSES,
  deliveriesSchema,
  deliverySchema,
  deliveryWithMessageSchema,
  newWebhookSchema,
  requireKnownEvents,
  rotatedSchema,
  webhookChangeSchema,
  webhookSchema,
  webhooksSchema,
} from './webhook.ts'
import {
  changeWebhook,
  deleteWebhook,
  getWebhook,
  insertWebhook,
  listWebhooks,
  rotateSecret,
  type Webhook,
} from './webhook-table.ts'

const PATH = `${API_PREFIX}/webhooks`
const MAX_PAGE = 100
/** How long the secret before counts beside a new one, in ms: a day for bringing the new one to the receiver. */
const OVERLAP = 24 * 60 * 60 * 1000

const security = needs('admin in *:*')
const params = z.object({ id: z.uuid() })
const deliveryParams = params.extend({ delivery: z.uuid() })
const answers = <Status extends number, Schema>(status: Status, description: string, schema: Schema) =>
  ({ [status]: { description, ...json(schema) }, ...refusals }) as Readonly<
    Record<Status, { readonly description: string } & ReturnType<typeof json<Schema>>>
  > &
    typeof refusals

const list = createRoute({
  method: 'get',
  path: PATH,
  summary: 'All webhooks',
  security,
  responses: answers(200, 'Without their secrets', webhooksSchema),
})

const create = createRoute({
  method: 'post',
  path: PATH,
  summary: 'Have an address told of what happens here, by signed messages',
  security,
  request: {
    body: jsonBody(newWebhookSchema, {
      url: 'https://app.example/hooks/syncline',
      events: ['document.changed', 'event:chat.*'],
      rooms: ['doc:*', 'chat:*'],
    }),
  },
  responses: answers(201, 'With its secret, which is shown this once', createdWebhookSchema),
})

const show = createRoute({
  method: 'get',
  path: `${PATH}/{id}`,
  summary: 'One webhook',
  security,
  request: { params },
  responses: answers(200, 'Without its secret', webhookSchema),
})

const change = createRoute({
  method: 'patch',
  path: `${PATH}/{id}`,
  summary: 'Change a webhook, or switch it on and off',
  security,
  request: { params, body: jsonBody(webhookChangeSchema, { active: false }) },
  responses: answers(200, 'As it is now', webhookSchema),
})

const remove = createRoute({
  method: 'delete',
  path: `${PATH}/{id}`,
  summary: 'Delete a webhook; what waits for it and the log of what it was sent go with the housekeeping',
  security,
  request: { params },
  responses: { 204: { description: 'It is gone' }, ...refusals },
})

const rotate = createRoute({
  method: 'post',
  path: `${PATH}/{id}/secret`,
  summary: 'Give a webhook a new secret; for a day messages are signed with the one before, too',
  security,
  request: { params },
  responses: answers(200, 'The new secret, which is shown this once', rotatedSchema),
})

const test = createRoute({
  method: 'post',
  path: `${PATH}/{id}/test`,
  summary: 'Send a webhook a message of the type ping',
  security,
  request: { params },
  responses: answers(202, 'It is about to be sent', deliverySchema),
})

const deliveries = createRoute({
  method: 'get',
  path: `${PATH}/{id}/deliveries`,
  summary: 'What a webhook was sent and is to be sent, newest first',
  security,
  request: {
    params,
    query: z.object({
      status: z.enum(DELIVERY_STATUSES).optional(),
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
      after: z.coerce
        .number()
        .int()
        .min(1)
        .max(Number.MAX_SAFE_INTEGER)
        .optional()
        .openapi({ description: 'The `next` of an earlier page' }),
    }),
  },
  responses: answers(
    200,
    'A page of deliveries; `next` is the `after` of the following one',
    deliveriesSchema,
  ),
})

const delivery = createRoute({
  method: 'get',
  path: `${PATH}/{id}/deliveries/{delivery}`,
  summary: 'A delivery with its message',
  security,
  request: { params: deliveryParams },
  responses: answers(200, 'What is sent, and what has become of it', deliveryWithMessageSchema),
})

const replay = createRoute({
  method: 'post',
  path: `${PATH}/{id}/deliveries/{delivery}/replay`,
  summary: 'Send a delivery again, under its id, signed anew',
  security,
  request: { params: deliveryParams },
  responses: answers(202, 'It is about to be sent, with all tries before it', deliverySchema),
})

export interface WebhookRoutesOptions {
  readonly pool: pg.Pool
  readonly addresses: Addresses
  readonly registry: Registry
  readonly verify: Verify
}

export function webhookRoutes({ pool, addresses, registry, verify }: WebhookRoutesOptions) {
  const administrator = async (header: string | undefined): Promise<string> => {
    const { user, grants } = await bearer(header, verify)
    if (!isAdministrator(grants)) throw new SynclineError('forbidden')
    return user
  }
  /** Done and written down, or neither. */
  const act = <Result>(
    actor: string,
    name: Act,
    work: (client: Queryable) => Promise<Result>,
    subject: (result: Result) => string,
    details: Readonly<Record<string, unknown>> = {},
  ): Promise<Result> =>
    inTransaction(pool, async (client) => {
      const result = await work(client)
      await recordAct(client, {
        actor,
        act: name,
        subject: `webhook:${subject(result)}`,
        details,
      })
      return result
    })

  return createRouter()
    .openapi(list, async (c) => {
      await administrator(c.req.header('authorization'))
      return c.json({ webhooks: (await listWebhooks(pool)).map(represent) }, 200)
    })
    .openapi(create, async (c) => {
      const actor = await administrator(c.req.header('authorization'))
      const asked = c.req.valid('json')
      requireKnownEvents(registry, asked.events)
      await addresses.require(asked.url)
      const secret = newSecret()
      const webhook = await act(
        actor,
        'webhook.create',
        (client) => insertWebhook(client, asked, secret, actor),
        ({ id }) => id,
        recorded(asked),
      )
      return c.json({ ...represent(webhook), secret }, 201)
    })
    .openapi(show, async (c) => {
      await administrator(c.req.header('authorization'))
      return c.json(represent(await getWebhook(pool, c.req.valid('param').id)), 200)
    })
    .openapi(change, async (c) => {
      const actor = await administrator(c.req.header('authorization'))
      const { id } = c.req.valid('param')
      const asked = c.req.valid('json')
      requireKnownEvents(registry, asked.events ?? [])
      if (asked.url !== undefined) await addresses.require(asked.url)
      const webhook = await act(
        actor,
        'webhook.change',
        (client) => changeWebhook(client, id, asked),
        () => id,
        recorded(asked),
      )
      return c.json(represent(webhook), 200)
    })
    .openapi(remove, async (c) => {
      const actor = await administrator(c.req.header('authorization'))
      const { id } = c.req.valid('param')
      await act(
        actor,
        'webhook.delete',
        (client) => deleteWebhook(client, id),
        () => id,
      )
      return c.body(null, 204)
    })
    .openapi(rotate, async (c) => {
      const actor = await administrator(c.req.header('authorization'))
      const { id } = c.req.valid('param')
      const secret = newSecret()
      const until = await act(
        actor,
        'webhook.rotate',
        (client) => rotateSecret(client, id, secret, OVERLAP),
        () => id,
      )
      return c.json({ secret, previousSecretUntil: until.toISOString() }, 200)
    })
    .openapi(test, async (c) => {
      const actor = await administrator(c.req.header('authorization'))
      const { id } = c.req.valid('param')
      const ping = async (client: Queryable) => {
        await getWebhook(client, id)
        return insertPing(client, id)
      }
      return c.json(representDelivery(await act(actor, 'webhook.test', ping, () => id)), 202)
    })
    .openapi(deliveries, async (c) => {
      await administrator(c.req.header('authorization'))
      const { id } = c.req.valid('param')
      const { status, limit, after } = c.req.valid('query')
      await getWebhook(pool, id)
      const page = await listDeliveries(pool, id, { status, limit, before: after })
      const next = page.length < limit ? null : (page.at(-1)?.number ?? null)
      return c.json({ deliveries: page.map(representDelivery), next }, 200)
    })
    .openapi(delivery, async (c) => {
      await administrator(c.req.header('authorization'))
      const { id, delivery: of } = c.req.valid('param')
      await getWebhook(pool, id)
      const { message, ...found } = await getDelivery(pool, id, of)
      return c.json({ ...representDelivery(found), message: { ...message } }, 200)
    })
    .openapi(replay, async (c) => {
      const actor = await administrator(c.req.header('authorization'))
      const { id, delivery: of } = c.req.valid('param')
      const again = await act(
        actor,
        'webhook.replay',
        async (client) => {
          await getWebhook(client, id)
          return replayDelivery(client, id, of)
        },
        () => id,
        { delivery: of },
      )
      return c.json(representDelivery(again), 202)
    })
}

/** Of an address only its origin: what stands behind that is a secret with many receivers, and the audit log is for good. */
const recorded = <Asked extends { readonly url?: string | undefined }>(asked: Asked) =>
  asked.url === undefined ? asked : { ...asked, url: new URL(asked.url).origin }

const iso = (time: Date | null): string | null => time?.toISOString() ?? null

const represent = ({ createdAt, changedAt, failingSince, previousSecretUntil, ...webhook }: Webhook) => ({
  ...webhook,
  failingSince: iso(failingSince),
  previousSecretUntil: iso(previousSecretUntil),
  createdAt: createdAt.toISOString(),
  changedAt: changedAt.toISOString(),
})

const representDelivery = ({ number: _, at, createdAt, ...delivery }: Delivery) => ({
  ...delivery,
  at: at.toISOString(),
  createdAt: createdAt.toISOString(),
  lastAttemptAt: iso(delivery.lastAttemptAt),
  nextAttemptAt: iso(delivery.nextAttemptAt),
  deliveredAt: iso(delivery.deliveredAt),
})
