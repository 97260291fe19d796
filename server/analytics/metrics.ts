import { setImmediate as nextTurn } from 'node:timers/promises'
import { SynclineError } from '../errors.ts'
import type { RoomId } from '../log/entry.ts'
import { Sketch } from '../observe/sketch.ts'
import type { MetricPoint, MetricSeries } from '../protocol.ts'
import { isStorageFailure } from '../storage/failure.ts'
import type { Queryable } from '../storage/transaction.ts'
import type { Labels } from './measure.ts'
import type { Width } from './widths.ts'

/** Points of one answer, of all series together: three megabytes. */
const MOST_POINTS = 20_000
/** Points that are made without letting others have their turn: 15 ms, where they are full. */
const AT_ONCE = 250

export interface MetricsQuery {
  /** All where it is undefined. */
  readonly names: readonly string[] | undefined
  /** Milliseconds since the epoch; the buckets that begin then or after it, and before `to`. */
  readonly from: number
  readonly to: number
  readonly width: Width
}

interface Row {
  readonly series: string
  readonly name: string
  readonly labels: Labels
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly sketch: Buffer
}

const READ = `
  select s.id as series, s.name, s.labels, extract(epoch from b.at)::float8 * 1000 as at, b.sketch
  from analytics_series s join analytics_buckets b on b.series_id = s.id
  where s.room_id = $1 and ($2::text[] is null or s.name = any($2)) and b.width = $3
    and b.at >= to_timestamp($4::float8 / 1000) and b.at < to_timestamp($5::float8 / 1000)
  order by s.name, s.id, b.at limit $6`

/**
 * The series of a room over some time. A bucket in which there was nothing is left out; the last one may still be added to.
 * @throws SynclineError `request-invalid` where that is too much, `storage-unavailable`
 */
export async function readMetrics(
  db: Queryable,
  room: RoomId,
  { names, from, to, width }: MetricsQuery,
): Promise<readonly MetricSeries[]> {
  const values = [room, names ?? null, width, from, to, MOST_POINTS + 1]
  const { rows } = await db.query<Row>({ name: 'read metrics', text: READ, values }).catch(unavailable)
  if (rows.length > MOST_POINTS)
    throw new SynclineError(
      'request-invalid',
      `that is more than ${MOST_POINTS} points; ask for fewer names, a shorter time or a larger width`,
    )
  const series = new Map<string, { name: string; labels: Labels; points: MetricPoint[] }>()
  for (const [index, { series: id, name, labels, at, sketch }] of rows.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await nextTurn()
    const one = series.get(id) ?? { name, labels, points: [] }
    series.set(id, one)
    one.points.push(pointOf(at, Sketch.decode(sketch)))
  }
  return [...series.values()]
}

/** @param at when the bucket begins, in ms since the epoch */
export function pointOf(at: number, sketch: Sketch): MetricPoint {
  const { count, sum, min, max } = sketch
  const [p50, p95, p99] = sketch.quantiles([0.5, 0.95, 0.99])
  return { at: new Date(at).toISOString(), count, sum, min, max, p50, p95, p99 }
}

export function unavailable(error: unknown): never {
  if (!isStorageFailure(error)) throw error
  throw new SynclineError('storage-unavailable', undefined, { cause: error })
}
