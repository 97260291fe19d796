import type { z } from 'zod'
import { INBOX_KIND } from '../access/inbox-rule.ts'
import type { user } from '../channels/kinds/user.ts'
import type { RoomId } from '../log/entry.ts'
import type { Queryable } from '../storage/transaction.ts'

type Change = z.output<typeof user.events.preferences.payload>

/** What somebody wants of one notification. */
export interface Wish {
  /** The inbox. Undefined where it was never used, so that nothing is known of what they want. */
  readonly inbox: RoomId | undefined
  readonly told: boolean
  /** For so many minutes at least, for a digest or because the inbox is quarantined; null: told at once. */
  readonly held: number | null
}

const UNSAID = { way: 'app', digest: '0', muted: 'false' } as const

/** Keeps what somebody has said; what is as it is without a word leaves no row. */
export async function savePreferences(client: Queryable, inbox: RoomId, change: Change): Promise<void> {
  const said = [
    ...rows('way', change.ways),
    ...rows('digest', change.digests),
    ...rows('muted', change.muted),
  ]
  const isKept = ({ about, value }: (typeof said)[number]) => value !== UNSAID[about]
  await client.query(
    `delete from notification_preferences p using unnest($2::text[], $3::text[]) as gone(about, key)
     where p.room_id = $1 and p.about = gone.about and p.key = gone.key`,
    [inbox, said.map(({ about }) => about), said.map(({ key }) => key)],
  )
  const kept = said.filter(isKept)
  await client.query(
    `insert into notification_preferences (room_id, about, key, value)
     select $1, about, key, value from unnest($2::text[], $3::text[], $4::text[]) as kept(about, key, value)`,
    [inbox, kept.map(({ about }) => about), kept.map(({ key }) => key), kept.map(({ value }) => value)],
  )
}

/** What each of these people wants of a notification of a category, made in a room. */
export async function wishesOf(
  client: Queryable,
  users: readonly string[],
  category: string,
  room: string | undefined,
): Promise<ReadonlyMap<string, Wish>> {
  const { rows: found } = await client.query<{
    readonly user: string
    readonly inbox: RoomId
    readonly told: boolean
    readonly held: number | null
  }>(
    `select substr(r.name, length($2) + 1) as user, r.id::float8 as inbox,
       not coalesce(bool_or(p.about in ('way', 'muted')), false) as told,
       coalesce(max(p.value::int) filter (where p.about = 'digest'), case when r.quarantined_at is not null then 0 end) as held
     from rooms r left join notification_preferences p on p.room_id = r.id
       and (p.about in ('way', 'digest') and p.key = $3 or p.about = 'muted' and p.key = $4)
     where r.name = any($1) and r.deleted_at is null
     group by r.id`,
    [users.map((user) => `${PREFIX}${user}`), PREFIX, category, room ?? null],
  )
  const known = new Map(found.map(({ user, ...wish }) => [user, wish]))
  return new Map(users.map((user) => [user, known.get(user) ?? UNKNOWN]))
}

const PREFIX = `${INBOX_KIND}:`
const UNKNOWN: Wish = { inbox: undefined, told: true, held: null }

const rows = (about: keyof typeof UNSAID, said: Readonly<Record<string, unknown>> = {}) =>
  Object.entries(said).map(([key, value]) => ({ about, key, value: String(value) }))
