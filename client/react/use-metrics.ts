import { useCallback, useEffect, useMemo, useState } from 'react'
import type { Analytics, WatchedMetrics } from '../sdk/analytics/analytics.ts'
import type { LiveMetrics, LiveMetricsState } from '../sdk/analytics/live-metrics.ts'
import { useClient } from './provider.ts'

const NOTHING: LiveMetricsState = { series: undefined, error: undefined }

export interface ShownMetrics extends LiveMetricsState {
  readonly analytics: Analytics
  readonly reload: () => void
}

/** What an organisation has counted last, and what it counts while this is shown. */
export const useMetrics = (org: string, query: WatchedMetrics = {}): ShownMetrics => {
  const client = useClient()
  const analytics = client.analytics(org)
  const asked = JSON.stringify(query)
  const [shown, setShown] = useState<{
    readonly of: string
    readonly live: LiveMetrics
    readonly state: LiveMetricsState
  }>()
  useEffect(() => {
    const live = analytics.watch(JSON.parse(asked) as WatchedMetrics)
    const show = () => setShown({ of: `${org} ${asked}`, live, state: live.getState() })
    show()
    const stop = live.subscribe(show)
    return () => {
      stop()
      live.close()
    }
  }, [analytics, org, asked])
  // What was read of another organisation, or by another question, is not shown as this one's.
  const current = shown?.of === `${org} ${asked}` ? shown : undefined
  const live = current?.live
  const reload = useCallback(() => live?.reload(), [live])
  const state = current?.state ?? NOTHING
  return useMemo(() => ({ ...state, analytics, reload }), [state, analytics, reload])
}
