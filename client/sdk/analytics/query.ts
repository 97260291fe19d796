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

/** What is followed is the last of it. */
export type WatchedMetrics = Omit<MetricsQuery, 'from' | 'to'>

/** What reads metrics, and tells of them. */
export interface MetricsSource {
  metrics(query: MetricsQuery): Promise<Metrics>
  subscribe(listener: MetricsListener): () => void
}
