import type { Gathering } from '../config/webhooks.ts'
import type { Queryable } from '../storage/transaction.ts'

/** Any number that nothing else takes: one node at a time does it, so that nothing is told of twice. */
const TELLING = 2_026_026_002

/**
 * Makes deliveries of the edits that were noted: one a room, once it is quiet or has not been for long. One statement: whatever
 * is killed, the notes go when the deliveries are there.
 */
export async function tellChanges(client: Queryable, { quiet, longest }: Gathering): Promise<void> {
  await client.query({
    name: 'tell changes',
    text: `with due as (
       select room_id from webhook_changes group by room_id
       having max(at) < now() - $1::float8 * interval '1 ms' or min(at) < now() - $2::float8 * interval '1 ms'
     ), turn as materialized (
       select pg_try_advisory_xact_lock($3) as mine where exists (select from due)
     ), gone as (
       delete from webhook_changes c using due, turn where turn.mine and c.room_id = due.room_id returning c.*
     ), told as (
       select room_id, min(first_seq) as first, max(last_seq) as last, max(at) as at,
         jsonb_agg(distinct actor) as actors
       from gone cross join unnest(actors) as actor group by room_id
     ), there as (
       -- What is erased meanwhile is not told of: the lock is the one that an erasure waits for.
       select r.id, r.name, told.* from told join rooms r on r.id = told.room_id and r.deleted_at is null
       for key share of r
     )
     insert into webhook_deliveries (webhook_id, type, room_id, room, at, data)
     select h.id, 'document.changed', t.id, t.name, t.at,
       jsonb_build_object('from', t.first, 'to', t.last, 'actors', t.actors)
     from there t join webhooks h on h.active and h.created_at <= t.at
       and webhook_wants(h.events, h.rooms, 'document.changed', t.name)`,
    values: [quiet, longest, TELLING],
  })
}

/** Edits that were noted for webhooks which are not there any more. */
export async function forgetChanges(client: Queryable): Promise<void> {
  await client.query(
    `delete from webhook_changes
     where not exists (select from webhooks where active and 'document.changed' = any(events))`,
  )
}
