import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import { isStorageFailure } from '../storage/failure.ts'
import type { Listed } from './directory.ts'
import type { RoomId, Seq } from './entry.ts'
import { isOfDeletedRoom } from './erase.ts'
import { countQuarantined } from './rooms.ts'

/** What a list of rooms can be sorted by; each is a whole number. */
const KEYS = {
  changed: '(extract(epoch from r.changed_at) * 1000000)::bigint',
  entries: 'r.head',
  log: 'coalesce(s.log_bytes, 0)',
  state: 'coalesce(s.state_bytes, 0)',
  bloat: 'coalesce(s.state_bytes * 1000 / greatest(s.characters, 1), 0)',
} as const

export type InventorySort = keyof typeof KEYS
export const INVENTORY_SORTS = Object.keys(KEYS) as readonly InventorySort[]

/** Damaged: an entry of the log is missing. What is wrong inside an entry only `syncline verify` finds. */
export const HEALTHS = ['ok', 'damaged', 'quarantined', 'deleted'] as const
type Health = (typeof HEALTHS)[number]

const HEALTH = `case when r.deleted_at is not null then 'deleted' when r.quarantined_at is not null then 'quarantined'
  when not s.whole then 'damaged' else 'ok' end`

/** What an administrator sees of a room without opening it. */
export interface InventoryRoom {
  readonly name: string
  readonly kind: string
  readonly title: string | null
  readonly entries: Seq
  readonly createdAt: Date
  readonly createdBy: string
  readonly changedAt: Date
  readonly health: Health
  /** Why it is quarantined, and since when. */
  readonly reason: string | null
  readonly quarantinedAt: Date | null
  readonly deletedAt: Date | null
  readonly deletedBy: string | null
  /** How many have ever written in it, as far as history has read it. */
  readonly people: number
  /** Who wrote last, newest first; a few. `name` as they were last called, null where nobody said. */
  readonly recent: readonly { readonly id: string; readonly name: string | null }[]
  /** Of all its entries as they are stored. */
  readonly logBytes: number
  /** Of the newest snapshot before compression; null before the first. */
  readonly stateBytes: number | null
  /** Visible characters of text (UTF-16 code units); null where history has not read the room. */
  readonly characters: number | null
}

export interface InventoryQuery {
  /** The rooms that may be listed at all: every one, those of some kinds and those of some names. */
  readonly scope: 'all' | { readonly kinds: readonly string[]; readonly names: readonly string[] }
  readonly except: readonly string[]
  /** A part of the name or the title, in any case. */
  readonly search?: string | undefined
  readonly health?: Health | undefined
  readonly sort: InventorySort
  readonly ascending: boolean
  readonly limit: number
  /** The place of a room, after which the list begins: a key and an id. */
  readonly after?: string | undefined
}

const list = (sort: InventorySort, ascending: boolean) => {
  const [direction, beyond] = ascending ? ['asc', '>'] : ['desc', '<']
  return `
  select r.id, ${KEYS[sort]} || '.' || r.id as cursor, s.head is distinct from r.head
    or s.measured_at < now() - interval '1 minute' as stale
  from rooms r left join room_sizes s on s.room_id = r.id
  where r.name is not null and ($1 or r.kind = any($2::text[]) or r.name = any($3::text[]))
    and r.name <> all($4::text[])
    and ($5::text is null or strpos(lower(r.name), lower($5)) > 0 or strpos(lower(r.title), lower($5)) > 0)
    and ($6::text is null or ${HEALTH} = $6)
    and ($7::bigint is null or (${KEYS[sort]}, r.id) ${beyond} ($7, $8::bigint))
  order by ${KEYS[sort]} ${direction}, r.id ${direction}
  limit $9`
}

const ROOMS = `
  select r.name, r.kind, r.title, r.head::float8 as entries, r.created_at as "createdAt", r.created_by as "createdBy",
    r.changed_at as "changedAt", ${HEALTH} as health, r.quarantine_reason as reason,
    r.quarantined_at as "quarantinedAt",
    r.deleted_at as "deletedAt", r.deleted_by as "deletedBy", coalesce(s.people, 0) as people,
    w.recent, coalesce(s.log_bytes, 0)::float8 as "logBytes",
    s.state_bytes::float8 as "stateBytes", s.characters::float8 as characters
  from unnest($1::bigint[]) with ordinality as page(id, place)
    join rooms r using (id) left join room_sizes s on s.room_id = r.id
    cross join lateral (
      select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'name', p.name) order by a.place), '[]') as recent
      from unnest(s.recent) with ordinality as a(id, place) left join people p on p.id = a.id) w
  order by page.place`

/** Lengths are in the rows' heads: no content is read. A deleted room has nothing to count. */
const MEASURE = `
  insert into room_sizes as old (room_id, head, log_bytes, state_bytes, characters, people, recent, whole)
  select r.id, r.head, u.bytes + e.bytes + g.bytes, n.bytes, a.characters, a.people, p.recent,
    u.entries + e.unpacked + g.entries = r.head
  from rooms r
    cross join lateral (
      select coalesce(sum(octet_length(bytes)), 0) as bytes, count(*) as entries
      from room_updates where room_id = r.id) u
    cross join lateral (
      select coalesce(sum(octet_length(bytes)), 0) as bytes, coalesce(sum(last_seq - first_seq + 1), 0) as entries,
        coalesce(max(last_seq), 0) as last
      from room_segments where room_id = r.id) g
    -- Positions of events are in segments too, once they are packed.
    cross join lateral (
      select coalesce(sum(size), 0) as bytes, count(*) filter (where seq > g.last) as unpacked
      from room_events where room_id = r.id) e
    left join lateral (
      select coalesce(bytes, octet_length(state)) as bytes
      from room_snapshots where room_id = r.id order by seq desc limit 1) n on true
    cross join lateral (
      select sum(inserted) - sum(deleted) as characters, count(distinct actor) filter (where actor <> '') as people
      from history_activity where room_id = r.id) a
    cross join lateral (
      select array(
        select actor from history_activity where room_id = r.id and actor <> ''
        group by actor order by max(last_at) desc, actor limit 5) as recent) p
  where r.id = any($1) and r.deleted_at is null
  on conflict (room_id) do update set head = excluded.head, measured_at = now(), log_bytes = excluded.log_bytes,
    state_bytes = excluded.state_bytes, characters = excluded.characters, people = excluded.people,
    recent = excluded.recent, whole = excluded.whole`

const CHANGED = `
  select r.id from rooms r left join room_sizes s on s.room_id = r.id
  where r.deleted_at is null and s.head is distinct from r.head`

const DAMAGED = `
  select count(*)::float8 as count from room_sizes s join rooms r on r.id = s.room_id
  where not s.whole and r.deleted_at is null and r.quarantined_at is null`

/** Changed rooms that a request counts before it sorts by what is counted; housekeeping counts the others. */
const CHANGED_LATELY = 100
/** Rooms that housekeeping counts in a statement. */
const BATCH = 200

interface Found {
  readonly id: string
  readonly cursor: string
  readonly stale: boolean
}

/** Every room there is, with what it weighs. */
export class RoomInventory {
  readonly #pool: Pick<pg.Pool, 'query'>

  constructor(pool: Pick<pg.Pool, 'query'>) {
    this.#pool = pool
  }

  /**
   * A page of rooms. Its figures were counted within the last minute, and since each room changed; its order is by
   * what was counted before. A room whose key changes between two pages may come twice, or not.
   * @throws SynclineError `storage-unavailable`
   */
  async list(query: InventoryQuery): Promise<readonly Listed<InventoryRoom>[]> {
    try {
      return await this.#list(query)
    } catch (error) {
      if (!isStorageFailure(error)) throw error
      throw new SynclineError('storage-unavailable', undefined, { cause: error })
    }
  }

  /** How many rooms are quarantined, and how many others damaged. */
  async countUnwell(): Promise<{ readonly quarantined: number; readonly damaged: number }> {
    const [quarantined, { rows }] = await Promise.all([
      countQuarantined(this.#pool),
      this.#pool.query<{ count: number }>(DAMAGED),
    ])
    return { quarantined, damaged: rows[0]?.count ?? 0 }
  }

  /** Counts what has changed since it was counted. */
  async measure(signal: AbortSignal): Promise<void> {
    for (let last = 0; !signal.aborted; ) {
      const { rows } = await this.#pool.query<{ id: string }>(
        `${CHANGED} and r.id > $1 order by r.id limit $2`,
        [last, BATCH],
      )
      await this.#measure(rows)
      if (rows.length < BATCH) return
      last = Number(rows.at(-1)?.id)
    }
  }

  async #list({
    scope,
    except,
    search,
    health,
    sort,
    ascending,
    limit,
    after,
  }: InventoryQuery): Promise<readonly Listed<InventoryRoom>[]> {
    if (sort !== 'changed' && sort !== 'entries') {
      const { rows } = await this.#pool.query<{ id: string }>(
        `${CHANGED} order by r.changed_at desc limit $1`,
        [CHANGED_LATELY],
      )
      await this.#measure(rows)
    }
    const { kinds, names } = scope === 'all' ? { kinds: [], names: [] } : scope
    const [key, id] = after?.split('.') ?? []
    const { rows: page } = await this.#pool.query<Found>(list(sort, ascending), [
      scope === 'all',
      kinds,
      names,
      except,
      search ?? null,
      health ?? null,
      key ?? null,
      id ?? null,
      limit,
    ])
    await this.#measure(page.filter(({ stale }) => stale))
    const { rows: rooms } = await this.#pool.query<InventoryRoom>(ROOMS, [page.map(({ id }) => id)])
    return rooms.map((room, index) => ({ room, cursor: page[index]?.cursor ?? '' }))
  }

  async #measure(rooms: readonly { readonly id: string }[]): Promise<void> {
    const ids = rooms.map(({ id }) => Number(id) as RoomId)
    if (ids.length === 0) return
    try {
      await this.#pool.query(MEASURE, [ids])
    } catch (error) {
      // One of them was deleted just now, and is left out then.
      if (!isOfDeletedRoom(error)) throw error
      await this.#measure(rooms)
    }
  }
}
