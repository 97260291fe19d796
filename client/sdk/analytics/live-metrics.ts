import type { MetricPoint, MetricSeries } from '../../../server/protocol.ts'
import { backoff } from '../backoff.ts'
import { guarded } from '../guarded.ts'
import { refusalOf } from '../refusal.ts'
import type { Room } from '../room.ts'
import type { Refusal } from '../state.ts'
import type { MetricsQuery, MetricsSource, WatchedMetrics } from './query.ts'

export interface LiveMetricsState {
  /** Undefined until it was read. */
  readonly series: readonly MetricSeries[] | undefined
  /** Why it was not read; what was read before is kept. */
  readonly error: Refusal | undefined
}

/** Of what is watched without saying how much, as the server answers then. */
const BUCKETS = 120
/** The width of the buckets that are told, in seconds. */
const TOLD = 5
/** What is not told, be it wider or the room away, is read again so often, in ms; and what may have been told while nobody heard it. */
const LOOK_EVERY = 30_000
/** After so long without anything told nobody knows whether there was anything, in ms. */
const SILENCE = 15_000
/** So late a measure may come, in ms: what is older does not change, and is not read again. Nor are more than `BUCKETS`. */
const LATEST = 3_600_000

/** The last of some series, and what comes after it: told in the room, or read again where that is not enough. */
export class LiveMetrics {
  readonly #analytics: MetricsSource
  readonly #query: WatchedMetrics
  readonly #width: number
  /** How much is kept, in ms. */
  readonly #span: number
  readonly #listeners = new Set<() => void>()
  readonly #stops: readonly (() => void)[]
  #series: readonly MetricSeries[] = []
  #state: LiveMetricsState = { series: undefined, error: undefined }
  /** Up to when it was read last, by the server's clock; undefined until then. */
  #read: number | undefined
  /** How far the server's clock is ahead of this one, in ms. */
  #ahead = 0
  /** The bucket that is told next, by its beginning, in ms. */
  #next = 0
  /** Later ones were told than the next: a room stays online while it moves to another node, or its node is cut off from the database. */
  #skipped = false
  #retry: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  /** Counts up with each question: an answer that was overtaken is not taken. */
  #asked = 0
  #closed = false

  /** @param room held, to be released */
  constructor(
    analytics: MetricsSource,
    room: Pick<Room, 'status' | 'subscribe' | 'release'>,
    query: WatchedMetrics,
  ) {
    const { width = TOLD, last = BUCKETS * width } = query
    this.#analytics = analytics
    this.#query = query
    this.#width = width * 1_000
    this.#span = last * 1_000
    let { status } = room
    const look = () => {
      if (width !== TOLD || room.status !== 'online' || this.#unheard) this.reload()
    }
    const timer = setInterval(look, LOOK_EVERY)
    this.#stops = [
      width === TOLD ? analytics.subscribe((series) => this.#told(series)) : () => undefined,
      room.subscribe(() => {
        if (room.status === status) return
        status = room.status
        // What was told while it was away is read.
        if (status === 'online') this.reload()
      }),
      () => clearInterval(timer),
      () => clearTimeout(this.#retry),
      () => room.release(),
    ]
    this.reload()
  }

  /** The same object until something in it changes. */
  getState(): LiveMetricsState {
    return this.#state
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Reads what may have changed since it was read last. It does so by itself where that is needed. */
  reload(): void {
    clearTimeout(this.#retry)
    this.#asked += 1
    const asked = this.#asked
    const { names, width } = this.#query
    this.#analytics.metrics({ names, width, from: this.#from() }).then(
      ({ series, to }) => {
        if (asked !== this.#asked) return
        this.#failures = 0
        this.#read = Date.parse(to)
        this.#ahead = this.#read - Date.now()
        // Otherwise it was read before what was told, and may be without what was skipped.
        if (this.#read >= this.#next) this.#skipped = false
        this.#next = Math.max(this.#next, this.#read - (this.#read % this.#width))
        this.#add(series)
        this.#set({ series: this.#series, error: undefined })
      },
      (error: unknown) => {
        if (asked !== this.#asked) return
        const reason = refusalOf(error)
        this.#set({ error: reason })
        if (reason.retryable && !this.#closed)
          this.#retry = setTimeout(() => this.reload(), backoff(this.#failures++))
      },
    )
  }

  /** To be called once. */
  close(): void {
    this.#closed = true
    for (const stop of this.#stops) stop()
    this.#listeners.clear()
  }

  get #unheard(): boolean {
    return this.#skipped || this.#next < Date.now() + this.#ahead - SILENCE
  }

  #told(series: readonly MetricSeries[]): void {
    const fresh = series
      .flatMap(({ points }) => points.map(({ at }) => Date.parse(at)))
      .filter((at) => at >= this.#next)
    if (fresh.length > 0) {
      if (Math.min(...fresh) > this.#next) this.#skipped = true
      this.#next = Math.max(...fresh) + this.#width
    }
    const { names } = this.#query
    const wanted = names === undefined ? series : series.filter(({ name }) => names.includes(name))
    if (wanted.length === 0) return
    this.#add(wanted)
    if (this.#read !== undefined) this.#set({ series: this.#series })
  }

  #add(series: readonly MetricSeries[]): void {
    // Until it was read nobody knows what time it is there, and what is told is kept.
    const begin = this.#read === undefined ? 0 : this.#begin
    this.#series = mergedSeries(this.#series, series, new Date(begin - (begin % this.#width)).toISOString())
  }

  /** Since when it is kept, by the server's clock, in ms. */
  get #begin(): number {
    return Date.now() + this.#ahead - this.#span
  }

  #from(): MetricsQuery['from'] {
    const again = Math.min(LATEST, BUCKETS * this.#width)
    if (this.#read !== undefined) return new Date(Math.max(this.#begin, this.#read - again))
    // The server knows by itself, whatever the clock says here.
    return this.#query.last === undefined ? undefined : new Date(this.#begin)
  }

  #set(change: Partial<LiveMetricsState>): void {
    if (this.#closed) return
    this.#state = { ...this.#state, ...change }
    for (const listener of [...this.#listeners]) guarded(listener)
  }
}

const keyOf = ({ name, labels }: MetricSeries): string =>
  JSON.stringify([name, Object.entries(labels).sort()])

/**
 * Series by name and labels, each with its buckets from a time on. What is told and what is read overtake each other: of one bucket
 * that counts in which there is more, since nothing is ever taken out of one.
 */
function mergedSeries(
  known: readonly MetricSeries[],
  news: readonly MetricSeries[],
  begin: string,
): readonly MetricSeries[] {
  const all = new Map<string, { readonly series: MetricSeries; readonly points: Map<string, MetricPoint> }>()
  for (const series of [...known, ...news]) {
    const key = keyOf(series)
    const one = all.get(key) ?? { series, points: new Map<string, MetricPoint>() }
    for (const point of series.points)
      if (point.at >= begin && point.count >= (one.points.get(point.at)?.count ?? 0))
        one.points.set(point.at, point)
    if (one.points.size > 0) all.set(key, one)
  }
  return [...all.values()].map(({ series, points }) => ({
    ...series,
    points: [...points.values()].sort((one, other) => (one.at < other.at ? -1 : 1)),
  }))
}
