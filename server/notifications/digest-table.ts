import type { z } from 'zod'
import type { user } from '../channels/kinds/user.ts'
import type { RoomId } from '../log/entry.ts'
import type { Queryable } from '../storage/transaction.ts'

export type Notified = z.output<typeof user.events.notified.payload>
type Change = z.output<typeof user.events.preferences.payload>

interface Held {
  readonly id: string
  readonly payload: Notified
  readonly minutes: number
}

/** A window that is closed, and what came within it and was not told by itself meanwhile, oldest first. */
export interface ClosedWindow {
  readonly id: number
  readonly inbox: string
  readonly items: readonly { readonly id: string; readonly payload: Notified }[]
}

/** Holds a notification until the window of its category closes; one that was held or told before is passed over. */
export async function holdForDigest(
  client: Queryable,
  inbox: RoomId,
  { id, payload, minutes }: Held,
): Promise<void> {
  // The row of the open window stays locked until the end: whoever closes it waits for what joins it.
  await client.query(
    `with open as (
       insert into digest_windows (room_id, category, closes_at)
       values ($1, $2, now() + $3 * interval '1 minute')
       on conflict (room_id, category) where not closed do update set category = excluded.category
       returning id
     )
     insert into digest_items (room_id, id, window_id, payload)
     select $1, $4, open.id, $5 from open
     where not exists (select from room_events e where e.room_id = $1 and e.id = $4)
     on conflict do nothing`,
    [inbox, payload.category, minutes, id, JSON.stringify(payload)],
  )
}

/** What is held under this id, or was: whether it says the same; undefined where nothing is. */
export async function isHeldAs(
  client: Queryable,
  inbox: RoomId,
  { id, payload }: Omit<Held, 'minutes'>,
): Promise<boolean | undefined> {
  const { rows } = await client.query<{ same: boolean }>(
    'select payload = $3::jsonb as same from digest_items where room_id = $1 and id = $2',
    [inbox, id, JSON.stringify(payload)],
  )
  return rows[0]?.same
}

/** What somebody says now counts for what is held as well, until its window is closed: from then on that says what it says. */
export async function heedWishes(client: Queryable, inbox: RoomId, change: Change): Promise<void> {
  const keysOf = (said: Readonly<Record<string, unknown>> = {}, value: unknown) =>
    Object.keys(said).filter((key) => said[key] === value)
  await client.query(
    `delete from digest_items i using digest_windows w
     where w.room_id = $1 and not w.closed and i.window_id = w.id
       and (w.category = any($2) or i.payload #>> '{source,room}' = any($3))`,
    [inbox, keysOf(change.ways, 'none'), keysOf(change.muted, true)],
  )
  await client.query(
    `update digest_windows w set closes_at = least(closes_at, now() + wish.minutes * interval '1 minute')
     from unnest($2::text[], $3::int[]) as wish(category, minutes)
     where w.room_id = $1 and w.category = wish.category and not w.closed`,
    [inbox, Object.keys(change.digests ?? {}), Object.values(change.digests ?? {})],
  )
}

/** A window is to be told, or to be closed first. */
export const WINDOW_IS_OVER = `exists (select from digest_windows where closed)
  or exists (select from digest_windows where not closed and closes_at <= now())`

/** Closes the windows that are due; from then on nothing joins them. What somebody is adding to just now is closed later. */
export async function closeDueWindows(client: Queryable): Promise<void> {
  await client.query({
    name: 'close windows',
    text: `update digest_windows set closed = true where id = any(array(
      select id from digest_windows where closes_at <= now() and not closed for update skip locked))`,
  })
}

/** Those after a window, in the order in which they were opened. */
export async function closedWindows(
  client: Queryable,
  after: number,
  limit: number,
): Promise<readonly ClosedWindow[]> {
  const { rows } = await client.query<ClosedWindow>({
    name: 'closed windows',
    text: `select w.id::float8 as id, coalesce(r.name, '') as inbox, coalesce(
       (select jsonb_agg(jsonb_build_object('id', i.id, 'payload', i.payload) order by i.place)
        from digest_items i where i.window_id = w.id
          and not exists (select from room_events e where e.room_id = i.room_id and e.id = i.id)), '[]') as items
     from digest_windows w left join rooms r on r.id = w.room_id and r.deleted_at is null
     where w.closed and w.id > $1 order by w.id limit $2`,
    values: [after, limit],
  })
  return rows
}

export async function forgetWindow(client: Queryable, id: number): Promise<void> {
  await client.query('delete from digest_windows where id = $1', [id])
}

/** What was told so long ago that nobody sends it again. */
export async function forgetOldItems(client: Queryable): Promise<void> {
  await client.query(
    `delete from digest_items i where at < now() - interval '30 days'
       and not exists (select from digest_windows w where w.id = i.window_id)`,
  )
}
