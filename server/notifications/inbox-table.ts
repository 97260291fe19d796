import { followedTo } from '../channels/event-queue.ts'
import type { Seq } from '../log/entry.ts'
import type { Queryable } from '../storage/transaction.ts'

export const FILTERS = ['kept', 'unread', 'archived'] as const
type Filter = (typeof FILTERS)[number]

interface StoredNotification {
  readonly seq: Seq
  readonly id: string
  /** In ms since the epoch. */
  readonly at: number
  readonly payload: unknown
  readonly read: boolean
  readonly archived: boolean
}

/** One list of an inbox, and what is counted in all of it, at one moment. */
export interface InboxPage {
  /** Newest first. */
  readonly notifications: readonly StoredNotification[]
  readonly unread: number
  /** Of the unread ones, those that were never shown. */
  readonly unseen: number
  readonly seenUntil: Seq
  readonly preferences: readonly { readonly about: string; readonly key: string; readonly value: string }[]
  /** What those are called whose doing it is. */
  readonly names: Readonly<Record<string, string>>
  /** All events of the inbox up to here are in it. */
  readonly seq: Seq
}

const CONDITION: Readonly<Record<Filter, string>> = {
  kept: 'not n.archived',
  unread: 'not n.read and not n.archived',
  archived: 'n.archived',
}

/** A chat is its members', whatever somebody may read: what comes of one is for nobody but the person. */
const OF_NO_CHAT = `and not exists (
  select from room_events e where e.room_id = n.room_id and e.seq = n.seq and e.payload->'source'->>'room' like 'chat:%')`

/** What retention has dropped from the log is not in the inbox any more. */
const page = (filter: Filter, own: boolean): string => `
with inbox as (
  select own.id, own.events_after, coalesce(i.seen_until, 0) as seen_until, ${followedTo('own.id')} as seq
  from rooms own left join inboxes i on i.room_id = own.id where own.name = $1 and own.deleted_at is null
), page as (
  select n.seq, e.id, (extract(epoch from e.at) * 1000)::float8 as at, e.payload, n.read, n.archived
  from (
    -- By the index and no further than the page goes: a join with the inbox would sort all of it.
    select n.* from notifications n
    where n.room_id = (select id from inbox) and n.seq > (select events_after from inbox) and n.seq < $2
      and ${CONDITION[filter]} ${own ? '' : OF_NO_CHAT}
    order by n.seq desc limit $3
  ) n join room_events e on e.room_id = n.room_id and e.seq = n.seq
)
select inbox.seq, inbox.seen_until::float8 as "seenUntil",
  (select count(*)::int from notifications n where n.room_id = inbox.id and n.seq > inbox.events_after
    and not n.read and not n.archived ${own ? '' : OF_NO_CHAT}) as unread,
  (select count(*)::int from notifications n where n.room_id = inbox.id
    and n.seq > greatest(inbox.events_after, inbox.seen_until) and not n.read and not n.archived
    ${own ? '' : OF_NO_CHAT}) as unseen,
  (select coalesce(jsonb_agg(page order by seq desc), '[]') from page) as notifications,
  (select coalesce(jsonb_agg(jsonb_build_object('about', about, 'key', key, 'value', value) order by about, key), '[]')
    from notification_preferences p where p.room_id = inbox.id
      ${own ? '' : "and not (about = 'muted' and key like 'chat:%')"}) as preferences,
  (select coalesce(jsonb_object_agg(id, name), '{}') from people
    where id in (select payload->>'from' from page)) as names
from inbox`

const pages = (own: boolean) => ({
  kept: page('kept', own),
  unread: page('unread', own),
  archived: page('archived', own),
})
const PAGES = { own: pages(true), others: pages(false) }

interface PageQuery {
  readonly before: Seq
  readonly limit: number
  readonly filter: Filter
  /** `own`: the person reads it. */
  readonly whose: keyof typeof PAGES
}

const NEVER_USED: InboxPage = {
  notifications: [],
  unread: 0,
  unseen: 0,
  seenUntil: 0,
  preferences: [],
  names: {},
  seq: 0,
}

/** A page of a person's inbox before a position, in one statement: counts, lists and `seq` are of the same moment. */
export async function readInbox(
  client: Queryable,
  inbox: string,
  { before, limit, filter, whose }: PageQuery,
): Promise<InboxPage> {
  const { rows } = await client.query<InboxPage>({
    name: `inbox ${whose} ${filter}`,
    text: PAGES[whose][filter],
    values: [inbox, before, limit],
  })
  return rows[0] ?? NEVER_USED
}
