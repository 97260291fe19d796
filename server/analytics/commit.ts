import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { RoomId } from '../log/entry.ts'
import { Sketch } from '../observe/sketch.ts'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import { isOwn, type Labels, type Measured } from './measure.ts'
import { bucketAt, WIDTHS, type Width } from './widths.ts'

/** Values of one series at one moment. */
export interface Sampled {
  readonly name: string
  readonly labels: Labels
  readonly at: number
  readonly sketch: Sketch
}

export interface Batch {
  readonly user: string
  /** Chosen by the sender: the same again counts once. */
  readonly id: string
  readonly measures: readonly (Measured | Sampled)[]
  /** How many more there were that are too old, or of the future. */
  readonly outOfTime: number
}

interface Answer {
  readonly counted: number
  readonly outOfTime: number
  /** Measures of series for which there was no place. */
  readonly tooManySeries: number
}

/** What became of a batch; of one that was taken before, what became of it then. */
export interface Taken extends Answer {
  /** It was taken before. */
  readonly repeated: boolean
}

interface Bucket {
  readonly series: number
  readonly width: Width
  readonly at: number
  readonly sketch: Sketch
}

/** A series that was deleted, for want of buckets, between being found and being added to. */
const SERIES_GONE = '23503'

/**
 * Adds batches to a room's buckets of all widths, in one transaction that holds the room's lock.
 * @param most series that the room may have; those that it has go on
 * @throws what `isOfDeletedRoom` knows where the room was deleted
 */
export async function commitBatches(
  pool: pg.Pool,
  room: RoomId,
  batches: readonly Batch[],
  most: number,
): Promise<readonly Taken[]> {
  const commit = () => inTransaction(pool, (client) => add(client, room, batches, most))
  try {
    return await commit()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === SERIES_GONE)) throw error
    return commit()
  }
}

async function add(
  client: Queryable,
  room: RoomId,
  batches: readonly Batch[],
  most: number,
): Promise<readonly Taken[]> {
  const change = await lock(client, room)
  const known = await answersOf(client, room, batches)
  const fresh = new Map<string, Batch>()
  const repeated = batches.map((batch) => {
    const key = keyOf(batch)
    if (known.has(key) || fresh.has(key)) return true
    fresh.set(key, batch)
    return false
  })
  const measures = [...fresh.values()].flatMap((batch) => batch.measures)
  const own = measures.filter(({ name }) => isOwn(name))
  const others = measures.filter(({ name }) => !isOwn(name))
  const series = new Map([
    // They are few, and there is always a place for them.
    ...(await seriesOf(client, room, own, Number.MAX_SAFE_INTEGER)),
    ...(await seriesOf(client, room, others, most)),
  ])
  const buckets = new Map<string, Bucket>()
  const answers = new Map<string, Answer>()
  for (const [key, { measures, outOfTime }] of fresh) {
    const placed = measures.filter((measured) => put(buckets, series.get(seriesKey(measured)), measured))
    answers.set(key, { counted: placed.length, outOfTime, tooManySeries: measures.length - placed.length })
  }
  await addBuckets(client, [...buckets.values()], change)
  await remember(client, room, fresh, answers)
  return batches.map((batch, place) => {
    const key = keyOf(batch)
    const answer = known.get(key) ?? answers.get(key)
    if (answer === undefined) throw new Error('a batch was neither taken nor known')
    return { ...answer, repeated: repeated[place] === true }
  })
}

/** Until the transaction ends nobody else adds to the room; returns the number of this change. */
async function lock(client: Queryable, room: RoomId): Promise<string> {
  const { rows } = await client.query<{ change: string }>({
    name: 'lock analytics',
    text: `insert into analytics_rooms as a (room_id, change) values ($1, 1)
      on conflict (room_id) do update set change = a.change + 1 returning change`,
    values: [room],
  })
  return rows[0]?.change ?? '0'
}

async function answersOf(
  client: Queryable,
  room: RoomId,
  batches: readonly Batch[],
): Promise<ReadonlyMap<string, Answer>> {
  const { rows } = await client.query<{ user: string; id: string; answer: Answer }>({
    name: 'analytics answers',
    text: `select b.user_id as user, b.id, b.answer from unnest($2::text[], $3::text[]) as w(user_id, id)
      join analytics_batches b on b.room_id = $1 and b.user_id = w.user_id and b.id = w.id`,
    values: [room, batches.map(({ user }) => user), batches.map(({ id }) => id)],
  })
  return new Map(rows.map(({ user, id, answer }) => [keyOf({ user, id }), answer]))
}

/** The ids of series by their keys; those for which there is no place are left out. */
async function seriesOf(
  client: Queryable,
  room: RoomId,
  measures: Batch['measures'],
  most: number,
): Promise<ReadonlyMap<string, number>> {
  const wanted = [...new Map(measures.map((measured) => [seriesKey(measured), measured]))]
  if (wanted.length === 0) return new Map()
  const { rows } = await client.query<{ place: number; id: string }>({
    name: 'analytics series',
    text: `with wanted as (
        select * from unnest($2::text[], $3::jsonb[], $4::bytea[]) with ordinality as w(name, labels, key, place)
      ), known as (
        select w.place, s.id from wanted w join analytics_series s on s.room_id = $1 and s.key = w.key
      ), added as (
        insert into analytics_series (room_id, name, labels, key)
        select $1, w.name, w.labels, w.key from wanted w where not exists (select from known k where k.place = w.place)
        order by w.place
        limit greatest(0, $5 - (select count(*) from analytics_series where room_id = $1))
        returning id, key
      )
      select place::int, id from known
      union all select w.place::int, a.id from added a join wanted w using (key)`,
    values: [
      room,
      wanted.map(([, { name }]) => name),
      wanted.map(([, { labels }]) => JSON.stringify(labels)),
      wanted.map(([key]) => createHash('sha256').update(key).digest()),
      most,
    ],
  })
  return new Map(rows.map(({ place, id }) => [wanted[place - 1]?.[0] ?? '', Number(id)]))
}

/** Whether there is a place for it. */
function put(
  buckets: Map<string, Bucket>,
  series: number | undefined,
  measured: Measured | Sampled,
): boolean {
  if (series === undefined) return false
  for (const width of WIDTHS) {
    const at = bucketAt(measured.at, width)
    const key = `${series} ${width} ${at}`
    const bucket = buckets.get(key) ?? { series, width, at, sketch: new Sketch() }
    buckets.set(key, bucket)
    if ('sketch' in measured) bucket.sketch.merge(measured.sketch)
    else bucket.sketch.add(measured.value)
  }
  return true
}

async function addBuckets(client: Queryable, buckets: readonly Bucket[], change: string): Promise<void> {
  if (buckets.length === 0) return
  const places = [
    buckets.map(({ series }) => series),
    buckets.map(({ width }) => width),
    buckets.map(({ at }) => at / 1_000),
  ]
  const { rows } = await client.query<{ place: number; sketch: Buffer }>({
    name: 'analytics buckets',
    text: `select w.place::int, b.sketch
      from unnest($1::bigint[], $2::smallint[], $3::float8[]) with ordinality as w(series_id, width, at, place)
        join analytics_buckets b
          on b.series_id = w.series_id and b.width = w.width and b.at = to_timestamp(w.at)`,
    values: places,
  })
  for (const { place, sketch } of rows) buckets[place - 1]?.sketch.merge(Sketch.decode(sketch))
  await client.query({
    name: 'add to analytics',
    text: `insert into analytics_buckets (series_id, width, at, sketch, change)
      select series_id, width, to_timestamp(at), sketch, $5
      from unnest($1::bigint[], $2::smallint[], $3::float8[], $4::bytea[]) as w(series_id, width, at, sketch)
      on conflict (series_id, width, at) do update set sketch = excluded.sketch, change = excluded.change`,
    values: [...places, buckets.map(({ sketch }) => Buffer.from(sketch.encode())), change],
  })
}

async function remember(
  client: Queryable,
  room: RoomId,
  fresh: ReadonlyMap<string, Batch>,
  answers: ReadonlyMap<string, Answer>,
): Promise<void> {
  await client.query({
    name: 'remember analytics',
    text: `insert into analytics_batches (room_id, user_id, id, answer)
      select $1, user_id, id, answer from unnest($2::text[], $3::text[], $4::jsonb[]) as w(user_id, id, answer)`,
    values: [
      room,
      [...fresh.values()].map(({ user }) => user),
      [...fresh.values()].map(({ id }) => id),
      [...fresh.keys()].map((key) => JSON.stringify(answers.get(key))),
    ],
  })
}

/** No user id holds a line break. */
const keyOf = ({ user, id }: Pick<Batch, 'user' | 'id'>): string => `${user}\n${id}`

const seriesKey = ({ name, labels }: Pick<Measured, 'name' | 'labels'>): string =>
  JSON.stringify([name, Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1))])
