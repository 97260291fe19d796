import type { MetricSeries } from '../../../server/protocol.ts'

export interface MetricsQuery {
  /** All where it is left out. */
  readonly names?: readonly string[] | undefined
  /** The last 120 buckets where it is left out. */
  readonly from?: Date | undefined
  /** Now where it is left out. */
  readonly to?: Date | undefined
  /** Of the buckets, in seconds; 5 where it is left out. They are kept an hour, two days and a year. */
  readonly width?: 5 | 60 | 3600 | undefined
}

export interface Metrics {
  readonly width: number
  readonly from: string
  readonly to: string
  readonly series: readonly MetricSeries[]
}

export type MetricsListener = (series: readonly MetricSeries[]) => void

/** What is watched goes on to now. */
export interface WatchedMetrics extends Omit<MetricsQuery, 'from' | 'to'> {
  /** How much of it is kept, in seconds; 120 buckets where it is left out. */
  readonly last?: number | undefined
}

/** What reads metrics, and tells of them. */
export interface MetricsSource {
  metrics(query: MetricsQuery): Promise<Metrics>
  subscribe(listener: MetricsListener): () => void
}
