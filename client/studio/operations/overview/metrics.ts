import type { MetricPoint, MetricSeries } from '../../../sdk/index.ts'

/** Where the server writes what it measures of itself: `analytics:system`. */
export const SYSTEM = 'system'

export const RANGES = {
  '10m': { label: '10 minutes', last: 600, width: 5 },
  '1h': { label: 'Hour', last: 3_600, width: 5 },
  '1d': { label: 'Day', last: 86_400, width: 60 },
  '30d': { label: 'Month', last: 2_592_000, width: 3_600 },
} as const
export type RangeName = keyof typeof RANGES
export type Range = (typeof RANGES)[RangeName]

export const rangeOf = (name: string): RangeName =>
  Object.hasOwn(RANGES, name) ? (name as RangeName) : '10m'

/** The points of all series of a name, by when their buckets begin (in seconds). */
type Points = ReadonlyMap<number, readonly MetricPoint[]>

/** What was measured, by name. */
export class Metrics {
  readonly #points = new Map<string, Map<number, MetricPoint[]>>()
  /** When buckets begin in which anything was measured at all, in seconds. */
  readonly times: ReadonlySet<number>

  constructor(series: readonly MetricSeries[]) {
    for (const { name, points } of series) {
      const all = this.#points.get(name) ?? new Map<number, MetricPoint[]>()
      this.#points.set(name, all)
      for (const point of points) {
        const at = Date.parse(point.at) / 1000
        const here = all.get(at)
        if (here === undefined) all.set(at, [point])
        else here.push(point)
      }
    }
    this.times = new Set([...this.#points.values()].flatMap((points) => [...points.keys()]))
  }

  /** The newest bucket. */
  get last(): number | undefined {
    return this.times.size === 0 ? undefined : [...this.times].reduce((one, other) => Math.max(one, other))
  }

  of(name: string): Points {
    return this.#points.get(name) ?? NONE
  }
}

const NONE: Points = new Map()
