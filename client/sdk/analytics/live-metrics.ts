import type { MetricPoint, MetricSeries } from '../../../server/protocol.ts'
import { backoff } from '../backoff.ts'
import { refusalOf } from '../refusal.ts'
import type { Room } from '../room.ts'
import type { Refusal } from '../state.ts'
import type { MetricsSource, WatchedMetrics } from './query.ts'

export interface LiveMetricsState {
  /** Undefined until it was read. */
  readonly series: readonly MetricSeries[] | undefined
  /** Why it was not read; what was read before is kept. */
  readonly error: Refusal | undefined
}

/** Buckets that are kept of each series. */
const KEPT = 120
/** Wider buckets are read again so often, in ms; they change little in between. */
const LOOK_EVERY = 30_000

/** The last 120 buckets of some series, and what comes after them: told in the room, or read again where that is not enough. */
export class LiveMetrics {
  readonly #analytics: MetricsSource
  readonly #query: WatchedMetrics
  readonly #listeners = new Set<() => void>()
  readonly #stops: readonly (() => void)[]
  #state: LiveMetricsState = { series: undefined, error: undefined }
  #retry: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  /** Counts up with each question: an answer that was overtaken is not taken. */
  #asked = 0
  #closed = false

  constructor(analytics: MetricsSource, room: Room, query: WatchedMetrics) {
    this.#analytics = analytics
    this.#query = query
    const { width = 5 } = query
    let { status } = room
    const timer = width === 5 ? undefined : setInterval(() => this.#read(), LOOK_EVERY)
    this.#stops = [
      width === 5 ? analytics.subscribe((series) => this.#told(series)) : () => undefined,
      room.subscribe(() => {
        if (room.status === status) return
        status = room.status
        // What was told while it was away is read.
        if (status === 'online') this.#read()
      }),
      () => clearInterval(timer),
      () => clearTimeout(this.#retry),
      () => room.release(),
    ]
    this.#read()
  }

  /** The same object until something in it changes. */
  getState(): LiveMetricsState {
    return this.#state
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** To be called once. */
  close(): void {
    this.#closed = true
    for (const stop of this.#stops) stop()
    this.#listeners.clear()
  }

  #read(): void {
    clearTimeout(this.#retry)
    this.#asked += 1
    const asked = this.#asked
    this.#analytics.metrics(this.#query).then(
      ({ series }) => {
        if (asked !== this.#asked) return
        this.#failures = 0
        // A bucket may have been told of while the question was on its way, and be newer than the answer.
        const known = this.#query.width === undefined || this.#query.width === 5 ? this.#state.series : []
        this.#set({ series: mergedSeries(series, newerThan(known ?? [], series)), error: undefined })
      },
      (error: unknown) => {
        if (asked !== this.#asked) return
        const reason = refusalOf(error)
        this.#set({ error: reason })
        if (reason.retryable && !this.#closed)
          this.#retry = setTimeout(() => this.#read(), backoff(this.#failures++))
      },
    )
  }

  #told(series: readonly MetricSeries[]): void {
    const { names } = this.#query
    const wanted = names === undefined ? series : series.filter(({ name }) => names.includes(name))
    if (wanted.length > 0) this.#set({ series: mergedSeries(this.#state.series ?? [], wanted) })
  }

  #set(change: Partial<LiveMetricsState>): void {
    if (this.#closed) return
    this.#state = { ...this.#state, ...change }
    for (const listener of [...this.#listeners]) listener()
  }
}

const keyOf = ({ name, labels }: MetricSeries): string =>
  JSON.stringify([name, Object.entries(labels).sort()])

/** Of what is known, the buckets that have more in them than those that were read: nothing is ever taken out of one. */
function newerThan(known: readonly MetricSeries[], read: readonly MetricSeries[]): readonly MetricSeries[] {
  const counts = new Map(
    read.flatMap((series) => series.points.map(({ at, count }) => [`${keyOf(series)} ${at}`, count])),
  )
  return known.map((series) => ({
    ...series,
    points: series.points.filter(({ at, count }) => count > (counts.get(`${keyOf(series)} ${at}`) ?? 0)),
  }))
}

/** Series by name and labels, each with the newest of its buckets, by time; of one bucket what was said last. */
function mergedSeries(
  known: readonly MetricSeries[],
  news: readonly MetricSeries[],
): readonly MetricSeries[] {
  const all = new Map<string, { readonly series: MetricSeries; readonly points: Map<string, MetricPoint> }>()
  for (const series of [...known, ...news]) {
    const key = keyOf(series)
    const one = all.get(key) ?? { series, points: new Map<string, MetricPoint>() }
    all.set(key, one)
    for (const point of series.points) one.points.set(point.at, point)
  }
  return [...all.values()].map(({ series, points }) => ({
    ...series,
    points: [...points.values()].sort((one, other) => (one.at < other.at ? -1 : 1)).slice(-KEPT),
  }))
}
