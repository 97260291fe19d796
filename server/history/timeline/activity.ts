import type { RoomId, Seq } from '../../log/entry.ts'
import type { Queryable } from '../../storage/transaction.ts'
import type { Share, Slice } from './slices.ts'

interface Row {
  readonly first_seq: string
  readonly last_seq: string
  readonly actor: string
  readonly first_at: number
  readonly last_at: number
  readonly entries: number
  readonly inserted: string
  readonly deleted: string
}

const COLUMNS = `first_seq, last_seq, actor, (extract(epoch from first_at) * 1000)::float8 as first_at,
  (extract(epoch from last_at) * 1000)::float8 as last_at, entries, inserted, deleted`

/** Rows read at first, and at most at a time. A slice has one a person. */
const FIRST_PAGE = 500
const LARGEST_PAGE = 2_000

/** Up to where a room has been read for its activity. */
export async function indexedTo(db: Queryable, room: RoomId): Promise<Seq> {
  const { rows } = await db.query<{ last_seq: string }>({
    name: 'indexed to',
    text: 'select last_seq from history_activity where room_id = $1 order by first_seq desc limit 1',
    values: [room],
  })
  return Number(rows[0]?.last_seq ?? 0)
}

/** The newest slice that begins before `before`, in which this person was at work, or some work begins before `to` (ms). */
export async function newestSliceWith(
  db: Queryable,
  room: RoomId,
  before: Seq,
  wanted: { readonly person?: string | undefined; readonly to?: number | undefined },
): Promise<Slice | undefined> {
  const { rows } = await db.query<Row>({
    name: 'newest slice',
    text: `select ${COLUMNS} from history_activity where room_id = $1 and first_seq =
      (select first_seq from history_activity
       where room_id = $1 and first_seq < $2 and ($3::text is null or actor = $3)
         and ($4::float8 is null or first_at < to_timestamp($4 / 1000))
       order by first_seq desc limit 1)`,
    values: [room, before, wanted.person ?? null, wanted.to ?? null],
  })
  return slicesOf(rows)[0]
}

/** The slice that entries may still go into. */
export const newestSlice = (db: Queryable, room: RoomId): Promise<Slice | undefined> =>
  newestSliceWith(db, room, Number.MAX_SAFE_INTEGER, {})

/** The slices of a room that begin in a range of positions, oldest first. */
export async function slicesBetween(
  db: Queryable,
  room: RoomId,
  first: Seq,
  last: Seq,
): Promise<readonly Slice[]> {
  const { rows } = await db.query<Row>({
    name: 'slices between',
    text: `select ${COLUMNS} from history_activity where room_id = $1 and first_seq between $2 and $3
      order by first_seq, actor`,
    values: [room, first, last],
  })
  return slicesOf(rows)
}

/** The slices of a room that begin after `after`, oldest first. */
export async function* slicesAfter(db: Queryable, room: RoomId, after: Seq): AsyncGenerator<Slice> {
  let above = after
  for (let page = FIRST_PAGE; ; page = Math.min(page * 4, LARGEST_PAGE)) {
    const { rows } = await db.query<Row>({
      name: 'slices after',
      text: `select ${COLUMNS} from history_activity where room_id = $1 and first_seq > $2
        order by first_seq, actor limit $3`,
      values: [room, above, page],
    })
    const full = rows.length === page
    const slices = slicesOf(rows)
    const whole = full && slices.length > 1 ? slices.slice(0, -1) : slices
    yield* whole
    const last = whole.at(-1)
    if (!full || last === undefined) return
    above = last.firstSeq
  }
}

/** Writes slices, each as it is now. */
export async function writeSlices(db: Queryable, room: RoomId, slices: readonly Slice[]): Promise<void> {
  const rows = slices.flatMap(({ firstSeq, lastSeq, people }) =>
    [...people].map(([actor, share]) => ({ firstSeq, lastSeq, actor, ...share })),
  )
  const column = <Key extends keyof (typeof rows)[number]>(key: Key) => rows.map((row) => row[key])
  await db.query(
    `insert into history_activity
       (room_id, first_seq, last_seq, actor, first_at, last_at, entries, inserted, deleted)
     select $1, s.first_seq, s.last_seq, s.actor, to_timestamp(s.first_at / 1000.0), to_timestamp(s.last_at / 1000.0),
       s.entries, s.inserted, s.deleted
     from unnest($2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::int[], $8::bigint[],
       $9::bigint[]) as s(first_seq, last_seq, actor, first_at, last_at, entries, inserted, deleted)
     on conflict (room_id, first_seq, actor) do update set last_seq = excluded.last_seq,
       first_at = excluded.first_at, last_at = excluded.last_at, entries = excluded.entries,
       inserted = excluded.inserted, deleted = excluded.deleted`,
    [
      room,
      column('firstSeq'),
      column('lastSeq'),
      column('actor'),
      column('firstAt').map(Math.round),
      column('lastAt').map(Math.round),
      column('entries'),
      column('inserted'),
      column('deleted'),
    ],
  )
}

/** How much was written and deleted after a position, in characters. */
export async function changedSince(db: Queryable, room: RoomId, seq: Seq): Promise<number> {
  const { rows } = await db.query<{ changed: string | null }>(
    'select sum(inserted + deleted) as changed from history_activity where room_id = $1 and first_seq > $2',
    [room, seq],
  )
  return Number(rows[0]?.changed ?? 0)
}

function slicesOf(rows: readonly Row[]): Slice[] {
  const slices: (Slice & { readonly people: Map<string, Share> })[] = []
  for (const row of rows) {
    const firstSeq = Number(row.first_seq)
    const share: Share = {
      firstAt: row.first_at,
      lastAt: row.last_at,
      entries: row.entries,
      inserted: Number(row.inserted),
      deleted: Number(row.deleted),
    }
    const slice = slices.at(-1)
    if (slice?.firstSeq === firstSeq) {
      slice.people.set(row.actor, share)
      slices[slices.length - 1] = {
        ...slice,
        firstAt: Math.min(slice.firstAt, share.firstAt),
        lastAt: Math.max(slice.lastAt, share.lastAt),
      }
    } else {
      const { firstAt, lastAt } = share
      slices.push({
        firstSeq,
        lastSeq: Number(row.last_seq),
        firstAt,
        lastAt,
        people: new Map([[row.actor, share]]),
      })
    }
  }
  return slices
}
