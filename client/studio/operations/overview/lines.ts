import type { MetricPoint } from '../../../sdk/index.ts'
import { bytes, count } from '../../rooms/figures.ts'
import type { Metrics, Range } from './metrics.ts'

/** What is drawn of the points of all series of a name in one bucket. */
type Reading = (points: readonly MetricPoint[], width: number) => number

const total = (points: readonly MetricPoint[], of: (point: MetricPoint) => number): number =>
  points.reduce((sum, point) => sum + of(point), 0)

/** How often each node says how high something stands, in seconds. */
const SAMPLE = 5

/** What stood so high, on average over the bucket, in all nodes together: each has said it once in so many seconds. */
const level: Reading = (points, width) => (total(points, ({ sum }) => sum) * SAMPLE) / width
const perSecond: Reading = (points, width) => total(points, ({ sum }) => sum) / width
const perMinute: Reading = (points, width) => perSecond(points, width) * 60
/** Quantiles of several series cannot be added up: the worst of them. */
const worst =
  (which: 'p50' | 'p99'): Reading =>
  (points) =>
    Math.max(...points.map((point) => point[which]))

interface LineKind {
  readonly name: string
  readonly label: string
  readonly read: Reading
  /** Nothing measured means that nothing happened, as long as anything else was measured. */
  readonly counts?: boolean
}

export interface ChartKind {
  readonly title: string
  /** What the figures are, where they do not say it themselves. */
  readonly unit?: string
  readonly lines: readonly LineKind[]
  readonly format: (value: number) => string
}

const few = (value: number): string =>
  value >= 100 || Number.isInteger(value) ? count(Math.round(value)) : value.toFixed(value < 10 ? 2 : 1)
const duration = (ms: number): string => {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(ms >= 10_000 ? 0 : 1)} s`
  return `${ms >= 100 || Number.isInteger(ms) ? Math.round(ms) : ms.toFixed(1)} ms`
}

const quantiles = (name: string): readonly LineKind[] => [
  { name, label: 'p50', read: worst('p50') },
  { name, label: 'p99', read: worst('p99') },
]

export const CHARTS: readonly ChartKind[] = [
  {
    title: 'Connections and people',
    format: few,
    lines: [
      { name: 'connections', label: 'Connections', read: level },
      { name: 'people', label: 'People', read: level },
    ],
  },
  {
    title: 'Edits and events',
    unit: 'per second',
    format: few,
    lines: [
      { name: 'edits', label: 'Edits', read: perSecond, counts: true },
      { name: 'events', label: 'Events', read: perSecond, counts: true },
    ],
  },
  { title: 'Until a batch of edits is committed', format: duration, lines: quantiles('commit.ms') },
  { title: 'Until an edit is acknowledged', format: duration, lines: quantiles('acknowledgement.ms') },
  {
    // Errors are what is a mistake of the server, or damage; an outage is a refusal.
    title: 'Refusals and errors',
    unit: 'per minute',
    format: few,
    lines: [
      { name: 'refusals', label: 'Refusals', read: perMinute, counts: true },
      { name: 'errors', label: 'Errors', read: perMinute, counts: true },
    ],
  },
  {
    title: 'Open rooms',
    format: few,
    lines: [{ name: 'rooms.open', label: 'Rooms', read: level }],
  },
  {
    title: 'Acknowledgements that wait',
    format: few,
    lines: [{ name: 'acknowledgements.held', label: 'Waiting', read: level }],
  },
  {
    title: 'Delay of the event loop',
    format: duration,
    // Each node says its p99 of five seconds.
    lines: [
      {
        name: 'event-loop.delay.ms',
        label: 'p99',
        read: (points) => Math.max(...points.map((point) => point.max)),
      },
    ],
  },
  { title: 'Memory', format: bytes, lines: [{ name: 'memory.bytes', label: 'In use', read: level }] },
]

/** One answer takes 20,000 points, and a day has 1,440 of each of these: thirteen at most. */
export const NAMES: readonly string[] = [
  ...new Set(CHARTS.flatMap(({ lines }) => lines.map(({ name }) => name))),
]

/** As it is drawn: for each time (in seconds) a value of each line, null where nothing is known. */
export interface Drawn {
  readonly times: readonly number[]
  readonly lines: readonly (readonly (number | null)[])[]
  readonly from: number
  readonly to: number
}

/** Up to the newest bucket that is over, with a gap where nothing was measured at all. */
export function draw(metrics: Metrics, kind: ChartKind, { last: seconds, width }: Range, now: number): Drawn {
  const to = now / 1000
  const from = to - seconds
  const newest = Math.min(metrics.last ?? 0, to - width)
  const times: number[] = []
  for (let at = Math.ceil(from / width) * width; at <= newest; at += width) times.push(at)
  const lines = kind.lines.map(({ name, read, counts = false }) => {
    const points = metrics.of(name)
    return times.map((at) => {
      const here = points.get(at)
      if (here !== undefined) return read(here, width)
      return counts && metrics.times.has(at) ? 0 : null
    })
  })
  return { times, lines, from, to }
}
