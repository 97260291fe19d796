import { SynclineError } from '../errors.ts'
import type { Queryable } from '../storage/transaction.ts'
import { MAX_WEBHOOKS, type NewWebhook, type SwitchedOff, type WebhookChange } from './webhook.ts'

/** A webhook without its secrets. */
export interface Webhook {
  readonly id: string
  readonly url: string
  readonly description: string
  readonly events: string[]
  readonly rooms: string[]
  readonly active: boolean
  readonly switchedOff: SwitchedOff | null
  readonly failingSince: Date | null
  readonly waiting: number
  readonly previousSecretUntil: Date | null
  readonly createdAt: Date
  readonly createdBy: string
  readonly changedAt: Date
}

const COLUMNS = `id, url, description, events, rooms, active, switched_off as "switchedOff",
  failing_since as "failingSince", created_at as "createdAt", created_by as "createdBy", changed_at as "changedAt",
  case when previous_until > now() then previous_until end as "previousSecretUntil",
  (select count(*)::int from webhook_deliveries d where d.webhook_id = webhooks.id and d.untried)
  + (select count(*)::int from webhook_deliveries d
     where d.webhook_id = webhooks.id and not d.untried and d.next_at is not null) as waiting`

/** Any number that nothing else takes: whoever makes a webhook counts them first. */
const COUNTING = 2_026_026_001

/** In a transaction. @throws SynclineError `too-many-webhooks` */
export async function insertWebhook(
  client: Queryable,
  { url, description, events, rooms, active }: NewWebhook,
  secret: string,
  by: string,
): Promise<Webhook> {
  await client.query('select pg_advisory_xact_lock($1)', [COUNTING])
  const { rows } = await client.query<Webhook>(
    `insert into webhooks (url, description, events, rooms, active, secret, created_by)
     select $1, $2, $3, $4, $5, $6, $7 where (select count(*) from webhooks where hook is null) < $8
     returning ${COLUMNS}`,
    [url, description, events, rooms, active, secret, by, MAX_WEBHOOKS],
  )
  const [webhook] = rows
  if (webhook === undefined) throw new SynclineError('too-many-webhooks', `there are ${MAX_WEBHOOKS}`)
  return webhook
}

/** Oldest first. */
export async function listWebhooks(client: Queryable): Promise<readonly Webhook[]> {
  return (
    await client.query<Webhook>(`select ${COLUMNS} from webhooks where hook is null
    order by created_at, id`)
  ).rows
}

/** @throws SynclineError `webhook-not-found` */
export async function getWebhook(client: Queryable, id: string): Promise<Webhook> {
  return only(
    (await client.query<Webhook>(`select ${COLUMNS} from webhooks where id = $1 and hook is null`, [id]))
      .rows,
  )
}

/**
 * What is not named stays. Made active, whatever was wrong before is forgotten.
 * @throws SynclineError `webhook-not-found`
 */
export async function changeWebhook(
  client: Queryable,
  id: string,
  { url, description, events, rooms, active }: WebhookChange,
): Promise<Webhook> {
  const { rows } = await client.query<Webhook>(
    `update webhooks set url = coalesce($2, url), description = coalesce($3, description),
       events = coalesce($4, events), rooms = coalesce($5, rooms), active = coalesce($6, active),
       switched_off = case when $6 is null then switched_off end,
       failing_since = case when $6 then null else failing_since end, changed_at = now()
     where id = $1 and hook is null returning ${COLUMNS}`,
    [id, url ?? null, description ?? null, events ?? null, rooms ?? null, active ?? null],
  )
  return only(rows)
}

/** Nothing is sent to it any more; what waits for it and was sent to it goes with the housekeeping. @throws SynclineError `webhook-not-found` */
export async function deleteWebhook(client: Queryable, id: string): Promise<void> {
  const { rowCount } = await client.query('delete from webhooks where id = $1 and hook is null', [id])
  if (rowCount === 0) throw new SynclineError('webhook-not-found')
}

/** The secret that was, counts beside the new one for so many ms. @throws SynclineError `webhook-not-found` */
export async function rotateSecret(
  client: Queryable,
  id: string,
  secret: string,
  overlap: number,
): Promise<Date> {
  const { rows } = await client.query<{ until: Date }>(
    `update webhooks set previous_secret = secret, previous_until = now() + $3::float8 * interval '1 ms',
       secret = $2, changed_at = now()
     where id = $1 and hook is null returning previous_until as until`,
    [id, secret, overlap],
  )
  return only(rows).until
}

/** For a Pulse: nothing is due where nobody is to be told. */
export const HAS_WEBHOOKS = 'exists (select from webhooks where active)'

/** Something was taken: it does not fail any more. */
export async function noteTaken(client: Queryable, id: string): Promise<void> {
  await client.query('update webhooks set failing_since = null where id = $1 and failing_since is not null', [
    id,
  ])
}

/** Nothing has been taken since now, if not since earlier. */
export async function noteFailure(client: Queryable, id: string): Promise<void> {
  await client.query('update webhooks set failing_since = now() where id = $1 and failing_since is null', [
    id,
  ])
}

/**
 * In a transaction; false where it was off already, has another address by now, or has not failed for so long, in ms.
 */
export async function switchOff(
  client: Queryable,
  id: string,
  why: SwitchedOff,
  { url, failingFor }: { readonly url: string; readonly failingFor: number },
): Promise<boolean> {
  const { rowCount } = await client.query(
    `update webhooks set active = false, switched_off = $2, changed_at = now()
     where id = $1 and active and hook is null and url = $3 and failing_since <= now() - $4::float8 * interval '1 ms'`,
    [id, why, url, failingFor],
  )
  return rowCount === 1
}

function only<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new SynclineError('webhook-not-found')
  return row
}
