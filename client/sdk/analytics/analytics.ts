import { METRICS_SIGNAL, type MetricPoint, type MetricSeries } from '../../../server/protocol.ts'
import type { Api } from '../api.ts'
import type { Room } from '../room.ts'
import { LiveMetrics } from './live-metrics.ts'
import type { Metrics, MetricsListener, MetricsQuery, WatchedMetrics } from './query.ts'
import { type Labels, Tracker, type TrackingState } from './tracker.ts'

export type { Metrics, MetricsListener, MetricsQuery, WatchedMetrics } from './query.ts'
export type { Labels, TrackingState } from './tracker.ts'

export interface AlertRule {
  readonly metric: string
  readonly labels?: Labels
  readonly of: 'count' | 'sum' | 'mean' | keyof Omit<MetricPoint, 'at' | 'count' | 'sum'> | 'rate'
  /** In seconds. */
  readonly over: number
  readonly is: 'above' | 'below'
  readonly threshold: number
  /** In seconds; 0 where it is left out. */
  readonly for?: number
  /** `warning` where it is left out. */
  readonly level?: 'info' | 'warning' | 'critical'
  /** Ids of those who are notified. */
  readonly tell?: readonly string[]
}

export interface Alert {
  readonly name: string
  readonly rule: AlertRule
  readonly raised: boolean
  /** Since when; null where it is not raised. */
  readonly raisedAt: string | null
  /** As it was last; null where there was nothing. */
  readonly value: number | null
  /** Why the server could not look at it, the last time; null where it could. */
  readonly failure: string | null
}

/** What an organisation counts, in its room `analytics:<org>`. Had from `client.analytics(org)`; all who ask have the same one. */
export class Analytics {
  readonly #api: Api
  readonly #name: string
  readonly #open: () => Room
  readonly #tracker: Tracker

  /** @param open the room, held, to be released */
  constructor(api: Api, name: string, open: () => Room) {
    this.#api = api
    this.#name = name
    this.#open = open
    this.#tracker = new Tracker(api, name)
  }

  /**
   * Counts that something happened, or what was measured. Sent with others every two seconds, and again until it is answered.
   * @throws RangeError where name, value or labels are not of the form that they have
   */
  track(name: string, value = 1, labels: Labels = {}): void {
    this.#tracker.track(name, value, labels)
  }

  /** Resolves when all that was tracked until now is counted, or dropped: `tracking` says which. */
  flush(): Promise<void> {
    return this.#tracker.flush()
  }

  /** What became of what this page has tracked; the same object until that changes. */
  get tracking(): TrackingState {
    return this.#tracker.getState()
  }

  /** Calls back when `tracking` has changed. */
  onTracking(listener: () => void): () => void {
    return this.#tracker.subscribe(listener)
  }

  /** What was counted over some time. Rejects with the refusal as `cause`. */
  metrics({ names, from, to, width }: MetricsQuery = {}): Promise<Metrics> {
    const query = new URLSearchParams({
      ...(names && { names: names.join() }),
      ...(from && { from: from.toISOString() }),
      ...(to && { to: to.toISOString() }),
      ...(width && { width: String(width) }),
    })
    return this.#api.get<Metrics>(`${this.#path('metrics')}?${query}`)
  }

  /**
   * Calls back, for as long as the room is connected, with each five seconds that are over, a second after them: large ones in parts,
   * and a bucket that is added to within a minute again, whole. What is told while the room moves or is away nobody tells again:
   * `watch` then reads it. Returns what stops it.
   */
  subscribe(listener: MetricsListener): () => void {
    const room = this.#open()
    const stop = room.onSignal(METRICS_SIGNAL, ({ payload }) =>
      listener((payload as { readonly series: readonly MetricSeries[] }).series),
    )
    return () => {
      stop()
      room.release()
    }
  }

  /** The last of what was counted, and what comes; to be closed. */
  watch(query: WatchedMetrics = {}): LiveMetrics {
    return new LiveMetrics(this, this.#open(), query)
  }

  /** The rules of the room, and how each stands. Rejects with the refusal as `cause`, as do the others. */
  async alerts(): Promise<readonly Alert[]> {
    return (await this.#api.get<{ readonly alerts: readonly Alert[] }>(this.#path('alerts'))).alerts
  }

  async setAlert(name: string, rule: AlertRule): Promise<void> {
    await this.#api.send('PUT', `${this.#path('alerts')}/${encodeURIComponent(name)}`, rule)
  }

  async deleteAlert(name: string): Promise<void> {
    await this.#api.send('DELETE', `${this.#path('alerts')}/${encodeURIComponent(name)}`)
  }

  /** Sends what waits, once more. */
  close(): Promise<void> {
    return this.#tracker.close()
  }

  #path(part: string): string {
    return `/rooms/${encodeURIComponent(this.#name)}/${part}`
  }
}
