import type { Queryable } from '../storage/transaction.ts'

/** What webhooks that are on have not been told yet, of all nodes, and how webhooks do. */
export interface Backlog {
  /** Messages that wait, for their next try too; the most that are counted where there are more. */
  readonly waiting: number
  /** How long the one that is due longest has been, in ms: nobody has come to sending it. 0 where none is due. */
  readonly oldestDue: number
  /** Webhooks that have taken nothing since a try failed, those included that were switched off for it. */
  readonly failing: number
}

/**
 * Of each webhook by indexes that have only what waits: what was sent is not read. With 400,000 messages to 20 webhooks it took 0.5 ms
 * where 400 wait, and 8 ms where all do.
 * @param most how many that wait are counted
 */
export async function readBacklog(client: Queryable, most: number): Promise<Backlog> {
  const { rows } = await client.query<Backlog>({
    name: 'webhook backlog',
    text: `select
      (select count(*)::float8 from (
         select from webhooks h join lateral (
           select from webhook_deliveries d where d.webhook_id = h.id and d.next_at is not null limit $1
         ) one on true
         where h.active limit $1) waiting) as waiting,
      (select coalesce(greatest(extract(epoch from now() - min(due.next_at)) * 1000, 0), 0)::float8
       from webhooks h cross join lateral (
         select d.next_at from webhook_deliveries d where d.webhook_id = h.id and d.next_at is not null
         order by d.next_at limit 1) due
       where h.active) as "oldestDue",
      (select count(*)::float8 from webhooks
       where failing_since is not null and (active or switched_off is not null)) as failing`,
    values: [most],
  })
  return rows[0] ?? { waiting: 0, oldestDue: 0, failing: 0 }
}
