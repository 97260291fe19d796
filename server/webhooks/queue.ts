import type { Queryable } from '../storage/transaction.ts'
import type { Delivery, Message } from './delivery-table.ts'

/** A delivery that is this node's to send, until the time that it was taken for has passed. */
export interface Due extends Pick<Delivery, 'id' | 'type' | 'at' | 'room' | 'seq' | 'attempts'> {
  readonly data: Message
  readonly webhook: string
  /** Of a hook in a process, and not to be sent. */
  readonly inProcess: boolean
  readonly url: string
  /** The one before, too, while it counts. */
  readonly secrets: readonly string[]
}

/** What a process has on its way, and can take. */
export interface Capacity {
  /** How many are on their way from here, by webhook. */
  readonly busy: ReadonlyMap<string, number>
  /** How many of one webhook may be. */
  readonly atOnce: number
  /** The types of messages for which this process has a hook that may be called now. */
  readonly hooks: readonly string[]
}

/** How many of a webhook's due deliveries are looked at for some that may go. */
const WINDOW = 100

/**
 * Takes what is due of each webhook that is on, but not more than may be sent to it at once from here. Of one webhook and room
 * nothing goes before all that was made earlier (of a hook: of its type) has been tried; and what a killed node had taken is due again when its time
 * is over.
 *
 * @param lease how long they are taken for, in ms
 */
export async function takeDue(
  client: Queryable,
  { busy, atOnce, hooks }: Capacity,
  lease: number,
): Promise<readonly Due[]> {
  const { rows } = await client.query<Due>({
    name: 'take due deliveries',
    text: `with chosen as (
       select first.id
       from webhooks h left join unnest($1::uuid[], $2::int[]) as busy(id, count) on busy.id = h.id
         cross join lateral (
           select $3 - case when h.in_process then 0 else coalesce(busy.count, 0) end as count
         ) open
         cross join lateral (
           select early.id from (
             select id, type, room, number, next_at from webhook_deliveries
             where webhook_id = h.id and next_at <= now() and (taken_until is null or taken_until < now())
               and (not h.in_process or type = any($5))
             order by next_at, number limit ${WINDOW}
           ) early
           where not exists (
             select from webhook_deliveries e
             where e.webhook_id = h.id and e.room = early.room and e.number < early.number
               and e.next_at is not null and (e.attempts = 0 or e.taken_until > now())
               and (not h.in_process or e.type = early.type))
           order by early.next_at, early.number limit open.count
         ) first
       where h.active and open.count > 0
     ), free as (
       -- Asked again: another node may have taken it since.
       select id from webhook_deliveries
       where id in (select id from chosen) and next_at <= now() and (taken_until is null or taken_until < now())
       for update skip locked
     )
     update webhook_deliveries d
     set attempts = d.attempts + 1, tried_at = now(), taken_until = now() + $4::float8 * interval '1 ms'
     from free, webhooks h where d.id = free.id and h.id = d.webhook_id
     returning d.id, d.type, d.at, d.room, d.seq::float8 as seq, d.data, d.attempts, h.id as webhook,
       h.in_process as "inProcess", h.url,
       case when h.previous_until > now() then array[h.secret, h.previous_secret] else array[h.secret] end as secrets`,
    values: [[...busy.keys()], [...busy.values()], atOnce, lease, hooks],
  })
  return rows
}

/** What became of a try. */
export interface Tried {
  readonly id: string
  /** Which try it was: what was replayed meanwhile is not undone. */
  readonly attempts: number
  readonly taken: boolean
  readonly statusCode: number | undefined
  readonly error: string | undefined
  /** In ms. */
  readonly duration: number
  /** In how many ms to try again; given up where it is undefined. */
  readonly again: number | undefined
}

export async function recordTried(client: Queryable, tried: Tried): Promise<void> {
  await client.query({
    name: 'record a delivery',
    text: `update webhook_deliveries set taken_until = null, status_code = $3, error = $4, duration = $5,
       delivered_at = case when $6 then now() end,
       next_at = case when $6 then null else now() + $7::float8 * interval '1 ms' end
     where id = $1 and attempts = $2`,
    values: [
      tried.id,
      tried.attempts,
      tried.statusCode ?? null,
      tried.error ?? null,
      Math.round(tried.duration),
      tried.taken,
      tried.again ?? null,
    ],
  })
}
