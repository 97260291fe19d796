import { SynclineError } from '../errors.ts'
import type { RoomId } from '../log/entry.ts'
import { Sketch } from '../observe/sketch.ts'
import type { Queryable } from '../storage/transaction.ts'
import { type AlertRule, mostBuckets, windowOf } from './alert-rule.ts'

/** Buckets that one look at a rule reads: 0.2 s of work where they have twenty values each, 2 s where they have thousands. */
const MOST_BUCKETS = 40_000
/** Buckets that are read at once. In between others have their turn: 2 ms, and 30 where they are full. */
const PAGE = 500

const SERIES = `
  select id from analytics_series where room_id = $1 and name = $2 and labels @> $3 order by id limit $4`

/**
 * The series of a rule's name that have its labels, and maybe others.
 * @throws SynclineError `request-invalid` where they have more buckets than one look may read
 */
export async function seriesOf(db: Queryable, room: RoomId, rule: AlertRule): Promise<readonly string[]> {
  const most = Math.floor(MOST_BUCKETS / mostBuckets(rule))
  const values = [room, rule.metric, JSON.stringify(rule.labels), most + 1]
  const { rows } = await db.query<{ id: string }>({ name: 'series of a rule', text: SERIES, values })
  if (rows.length > most)
    throw new SynclineError(
      'request-invalid',
      `over ${rule.over} seconds a rule is about ${most} series at most; take a shorter time or more labels`,
    )
  return rows.map(({ id }) => id)
}

const MERGED = `
  select b.sketch
  from unnest($1::bigint[]) as s(id)
    cross join unnest($2::smallint[], $3::float8[], $4::float8[]) as p(width, since, until)
    join analytics_buckets b on b.series_id = s.id and b.width = p.width
      and b.at >= to_timestamp(p.since / 1000) and b.at < to_timestamp(p.until / 1000)`

/**
 * All values together of what a rule is about, up to the end of a bucket (ms since the epoch).
 * @throws as `seriesOf`
 */
export async function mergedSketch(
  db: Queryable,
  room: RoomId,
  rule: AlertRule,
  end: number,
): Promise<Sketch> {
  const series = await seriesOf(db, room, rule)
  const parts = windowOf(rule, end)
  const times = [parts.map(({ width }) => width), parts.map(({ from }) => from), parts.map(({ to }) => to)]
  const atOnce = Math.ceil(PAGE / mostBuckets(rule))
  const all = new Sketch()
  for (let first = 0; first < series.length; first += atOnce) {
    const values = [series.slice(first, first + atOnce), ...times]
    const { rows } = await db.query<{ sketch: Buffer }>({ name: 'merged metrics', text: MERGED, values })
    for (const { sketch } of rows) all.merge(Sketch.decode(sketch))
  }
  return all
}
