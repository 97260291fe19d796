import type { Queryable } from '../storage/transaction.ts'
import type { Delivery, Message } from './delivery-table.ts'

/** A delivery that is this node's to send, until the time that it was taken for has passed. */
export interface Due extends Pick<Delivery, 'id' | 'type' | 'at' | 'room' | 'seq' | 'attempts'> {
  readonly data: Message
  readonly webhook: string
  /** The type of the hook that is to be called; null where it is to be sent. */
  readonly hook: string | null
  readonly url: string
  /** The one before, too, while it counts. */
  readonly secrets: readonly string[]
}

/** What a process has on its way, and can take. */
export interface Capacity {
  /** How many are on their way from here, by the ids of webhooks and the types of hooks. */
  readonly busy: ReadonlyMap<string, number>
  /** How many of one webhook or hook may be. */
  readonly atOnce: number
  /** The types of messages for which this process has a hook. */
  readonly hooks: readonly string[]
}

/**
 * Takes what is due of each webhook that is on, but not more than may be sent to it at once from here. Of one webhook and room
 * nothing goes before all that was made earlier has been tried; and what a killed node had taken is due again when its time
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
    text: `with recursive receiver as (
       select h.id, $3 - coalesce(busy.count, 0) as open
       from webhooks h
         left join unnest($1::text[], $2::int[]) as busy(id, count) on busy.id = coalesce(h.hook, h.id::text)
       where h.active and (h.hook is null or h.hook = any($5)) and $3 > coalesce(busy.count, 0)
     ), head as (
       -- From room to room by the index: what waits behind the first of a room is not looked at, however much it is.
       select receiver.id as receiver, first.* from receiver cross join lateral (
         select id, room, number, next_at, taken_until from webhook_deliveries
         where webhook_id = receiver.id and untried order by room, number limit 1) first
       union all
       select head.receiver, next.* from head cross join lateral (
         select id, room, number, next_at, taken_until from webhook_deliveries
         where webhook_id = head.receiver and untried and room > head.room order by room, number limit 1) next
     ), due as (
       select receiver, id, number, next_at from head
       where next_at <= now() and (taken_until is null or taken_until < now())
       union all
       select receiver.id, again.* from receiver cross join lateral (
         select id, number, next_at from webhook_deliveries
         where webhook_id = receiver.id and not untried and next_at <= now()
           and (taken_until is null or taken_until < now())
         order by next_at, number limit receiver.open) again
     ), chosen as (
       select id from (
         select due.id, open, row_number() over (partition by receiver order by next_at, number) as place
         from due join receiver on receiver.id = due.receiver
       ) placed where place <= open
     ), free as (
       -- Asked again: another node may have taken it since.
       select id from webhook_deliveries
       where id = any(array(select id from chosen)) and next_at <= now() and (taken_until is null or taken_until < now())
       for update skip locked
     )
     update webhook_deliveries d
     set attempts = d.attempts + 1, tried_at = now(), taken_until = now() + $4::float8 * interval '1 ms'
     from free, webhooks h where d.id = free.id and h.id = d.webhook_id
     returning d.id, d.type, d.at, d.room, d.seq::float8 as seq, d.data, d.attempts, h.id as webhook,
       h.hook, h.url,
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
    text: `update webhook_deliveries set taken_until = null, untried = false, status_code = $3, error = $4, duration = $5,
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

/** What a stop has cut off, which was no try: due at once, and still before what its room has after it. */
export async function putBack(
  client: Queryable,
  { id, attempts }: Pick<Due, 'id' | 'attempts'>,
): Promise<void> {
  await client.query({
    name: 'put a delivery back',
    text: `update webhook_deliveries set taken_until = null, attempts = attempts - 1, error = 'the server stopped'
     where id = $1 and attempts = $2`,
    values: [id, attempts],
  })
}
