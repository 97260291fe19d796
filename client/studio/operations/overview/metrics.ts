import type { MetricPoint, MetricSeries } from '../../../sdk/index.ts'
import type { TokenSource } from '../../api.ts'
import { ask, roomRoute } from '../api.ts'

interface Answer {
  readonly series: readonly MetricSeries[]
}

/** Where the server writes what it measures of itself. */
export const ROOM = 'analytics:system'

export const RANGES = {
  '10m': { label: '10 minutes', seconds: 600, width: 5, everyMs: 5_000 },
  '1h': { label: 'Hour', seconds: 3_600, width: 60, everyMs: 15_000 },
  '1d': { label: 'Day', seconds: 86_400, width: 60, everyMs: 30_000 },
  '30d': { label: 'Month', seconds: 2_592_000, width: 3_600, everyMs: 300_000 },
} as const
export type RangeName = keyof typeof RANGES
export type Range = (typeof RANGES)[RangeName]

export const rangeOf = (name: string): RangeName =>
  Object.hasOwn(RANGES, name) ? (name as RangeName) : '10m'

/** One answer takes 20,000 points, and a day has 1,440 of each series. */
const GROUPS = [
  ['connections', 'people', 'rooms.open'],
  ['edits', 'events', 'refusals', 'errors'],
  ['commit.ms', 'acknowledgement.ms', 'acknowledgements.held'],
  ['memory.bytes', 'event-loop.delay.ms'],
] as const

/** The points of all series of a name, by when their buckets begin (in seconds). */
type Points = ReadonlyMap<number, readonly MetricPoint[]>

/** What was measured, by name. */
export class Metrics {
  readonly #series: ReadonlyMap<string, { readonly name: string; readonly points: Map<number, MetricPoint> }>
  /** When buckets begin in which anything was measured at all, in seconds. */
  readonly times: ReadonlySet<number>

  constructor(
    series: ReadonlyMap<
      string,
      { readonly name: string; readonly points: Map<number, MetricPoint> }
    > = new Map(),
  ) {
    this.#series = series
    this.times = new Set([...series.values()].flatMap(({ points }) => [...points.keys()]))
  }

  /** The newest bucket. */
  get last(): number | undefined {
    return this.times.size === 0 ? undefined : Math.max(...this.times)
  }

  of(name: string): Points {
    const all = new Map<number, MetricPoint[]>()
    for (const one of this.#series.values()) {
      if (one.name !== name) continue
      for (const [at, point] of one.points) all.set(at, [...(all.get(at) ?? []), point])
    }
    return all
  }

  /** With what was read since; what is older than `from` (in seconds) is let go. */
  with(series: readonly MetricSeries[], from: number): Metrics {
    const kept = new Map(
      [...this.#series].map(([key, { name, points }]) => [
        key,
        { name, points: new Map([...points].filter(([at]) => at >= from)) },
      ]),
    )
    for (const { name, labels, points } of series) {
      const key = JSON.stringify([name, labels])
      const one = kept.get(key) ?? { name, points: new Map<number, MetricPoint>() }
      kept.set(key, one)
      for (const point of points) one.points.set(Date.parse(point.at) / 1000, point)
    }
    return new Metrics(kept)
  }
}

/** Reads what was measured from then on (in seconds since the epoch). */
export async function readMetrics(
  token: TokenSource,
  { width }: Range,
  from: number,
  signal: AbortSignal,
): Promise<readonly MetricSeries[]> {
  const answers = await Promise.all(
    GROUPS.map((names) => {
      const query = {
        names: names.join(','),
        from: new Date(from * 1000).toISOString(),
        width: String(width),
      }
      return ask<Answer>(token, `${roomRoute(ROOM)}/metrics`, query, signal)
    }),
  )
  return answers.flatMap(({ series }) => series)
}
