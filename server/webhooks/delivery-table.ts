import { SynclineError } from '../errors.ts'
import { inParts, PART } from '../storage/in-parts.ts'
import type { Queryable } from '../storage/transaction.ts'
import type { DeliveryStatus } from './webhook.ts'

/** One message to one webhook, and what has become of it. */
export interface Delivery {
  readonly id: string
  /** The order in which they were made. */
  readonly number: number
  readonly type: string
  readonly room: string | null
  readonly seq: number | null
  readonly at: Date
  readonly status: DeliveryStatus
  readonly attempts: number
  readonly replays: number
  readonly createdAt: Date
  readonly lastAttemptAt: Date | null
  readonly nextAttemptAt: Date | null
  readonly deliveredAt: Date | null
  readonly statusCode: number | null
  readonly duration: number | null
  readonly error: string | null
}

/** What is sent. */
export type Message = Readonly<Record<string, unknown>>

/** As indexes have it: what failed is looked for among all that did not. */
const IS: Readonly<Record<DeliveryStatus, string>> = {
  waiting: 'next_at is not null',
  delivered: 'next_at is null and delivered_at is not null',
  failed: 'next_at is null and delivered_at is null',
}
const STATUS = `case when next_at is not null then 'waiting' when delivered_at is not null then 'delivered'
  else 'failed' end`

const COLUMNS = `id, number::float8 as number, type, room, seq::float8 as seq, at, ${STATUS} as status, attempts,
  replays, created_at as "createdAt", tried_at as "lastAttemptAt", next_at as "nextAttemptAt",
  delivered_at as "deliveredAt", status_code as "statusCode", duration, error`

export interface DeliveryQuery {
  readonly status: DeliveryStatus | undefined
  /** Only those that were made before this one, by their numbers. */
  readonly before: number | undefined
  readonly limit: number
}

/** Newest first. */
export async function listDeliveries(
  client: Queryable,
  webhook: string,
  { status, before, limit }: DeliveryQuery,
): Promise<readonly Delivery[]> {
  const { rows } = await client.query<Delivery>(
    `select ${COLUMNS} from webhook_deliveries
     where webhook_id = $1 and ${status === undefined ? 'true' : IS[status]} and ($2::bigint is null or number < $2)
     order by number desc limit $3`,
    [webhook, before ?? null, limit],
  )
  return rows
}

/** @throws SynclineError `webhook-not-found` */
export async function getDelivery(
  client: Queryable,
  webhook: string,
  id: string,
): Promise<Delivery & { readonly message: Message }> {
  const { rows } = await client.query<Delivery & { readonly data: Message }>(
    `select ${COLUMNS}, data from webhook_deliveries where webhook_id = $1 and id = $2`,
    [webhook, id],
  )
  const { data, ...delivery } = only(rows)
  return { ...delivery, message: messageOf({ ...delivery, data }) }
}

/** What one is tried out with. It is of no room, and waits for nothing. */
export async function insertPing(client: Queryable, webhook: string): Promise<Delivery> {
  const { rows } = await client.query<Delivery>(
    `insert into webhook_deliveries (webhook_id, type, at, data, untried) values ($1, 'ping', now(), '{}', false)
     returning ${COLUMNS}`,
    [webhook],
  )
  return only(rows)
}

/**
 * Has it sent again, or at once where it waits, with all tries before it. What is being sent just now may arrive twice.
 * @throws SynclineError `webhook-not-found`
 */
export async function replayDelivery(client: Queryable, webhook: string, id: string): Promise<Delivery> {
  const { rows } = await client.query<Delivery>(
    `update webhook_deliveries set next_at = now(), attempts = 0, replays = replays + 1, delivered_at = null
     where webhook_id = $1 and id = $2 returning ${COLUMNS}`,
    [webhook, id],
  )
  return only(rows)
}

const OLD = `
  delete from webhook_deliveries where ctid = any(array(
    select ctid from webhook_deliveries where created_at < now() - $1::int * interval '1 day' limit ${PART}))`
/** From webhook to webhook by an index: of all deliveries only those are looked at that go. */
const WITHOUT_WEBHOOK = `
  with recursive told as (
    (select webhook_id as id from webhook_deliveries order by webhook_id limit 1)
    union all
    select next.id from told cross join lateral (
      select webhook_id as id from webhook_deliveries where webhook_id > told.id order by webhook_id limit 1) next
  )
  delete from webhook_deliveries where ctid = any(array(
    select d.ctid from told join webhook_deliveries d on d.webhook_id = told.id
    where not exists (select from webhooks h where h.id = told.id) limit ${PART}))`
/** What waited when its room was purged, and has been told since. */
const PURGED = `
  delete from webhook_deliveries where ctid = any(array(
    select ctid from webhook_deliveries d
    where type = 'room.erased' and next_at is null and not exists (select from rooms r where r.name = d.room)
    limit ${PART}))`

/** Deletes what is older than so many days, what is left of webhooks that were deleted, and the names of purged rooms. */
export async function forgetDeliveries(db: Queryable, days: number, signal: AbortSignal): Promise<void> {
  await inParts(db, OLD, [days], signal)
  await inParts(db, WITHOUT_WEBHOOK, [], signal)
  await inParts(db, PURGED, [], signal)
}

export const messageOf = ({
  id,
  type,
  at,
  room,
  seq,
  data,
}: Pick<Delivery, 'id' | 'type' | 'at' | 'room' | 'seq'> & { readonly data: Message }): Message => ({
  id,
  type,
  at: at.toISOString(),
  ...(room === null ? {} : { room }),
  ...(seq === null ? {} : { seq }),
  ...data,
})

function only<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new SynclineError('webhook-not-found')
  return row
}
