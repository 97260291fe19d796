import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { type ActivityGroup, groupActivities } from '../../server/activity/groups.ts'
import type { ActivityFeed, ActivityFilter, ActivityState } from '../sdk/activity/feed.ts'
import type { Summary, SummaryQuery } from '../sdk/activity/summary.ts'
import { useClient } from './provider.ts'

export interface ShownActivity extends ActivityState {
  /** The same by day (here), room and type; newest first. */
  readonly groups: readonly ActivityGroup[]
  readonly loadMore: () => void
  readonly reload: () => void
}

const NOTHING: ActivityState = { items: undefined, hasMore: false, loading: true, error: undefined }

/** What happens in the project whose room is `project:<id>`, newest first, and what comes while it is shown. */
export const useActivity = (project: string, filter: ActivityFilter = {}): ShownActivity => {
  const client = useClient()
  const asked = JSON.stringify(filter)
  const [shown, setShown] = useState<{
    readonly of: string
    readonly feed: ActivityFeed
    readonly state: ActivityState
  }>()

  useEffect(() => {
    const feed = client.activity(project, JSON.parse(asked) as ActivityFilter)
    const show = () => setShown({ of: `${project} ${asked}`, feed, state: feed.getState() })
    show()
    const stop = feed.subscribe(show)
    return () => {
      stop()
      feed.close()
    }
  }, [client, project, asked])

  // What was read of another project, or by another filter, is not shown as this one's.
  const current = shown?.of === `${project} ${asked}` ? shown : undefined
  const state = current?.state ?? NOTHING
  const { items } = state
  const groups = useMemo(() => groupActivities(items ?? [], localDay), [items])
  const feed = current?.feed
  const loadMore = useCallback(() => feed?.loadMore(), [feed])
  const reload = useCallback(() => feed?.reload(), [feed])
  return useMemo(() => ({ ...state, groups, loadMore, reload }), [state, groups, loadMore, reload])
}

export interface ShownSummary {
  /** Undefined until it was read. */
  readonly summary: readonly Summary[] | undefined
  readonly failed: boolean
}

/** How often a summary is read anew at most, in ms: it counts much, and each change is of little. */
const SUMMARY_EVERY = 30_000

/** How much each person did, or was done in each room; read anew when `version` changes, at most each 30 s. */
export const useActivitySummary = (project: string, query: SummaryQuery, version?: unknown): ShownSummary => {
  const client = useClient()
  const asked = JSON.stringify(query)
  const due = useSpaced(version, SUMMARY_EVERY)
  const [read, setRead] = useState<{
    readonly of: string
    readonly summary: readonly Summary[] | undefined
  }>()

  // biome-ignore lint/correctness/useExhaustiveDependencies: whoever gives another version wants it read again
  useEffect(() => {
    let wanted = true
    const of = `${project} ${asked}`
    client.activitySummary(project, JSON.parse(asked) as SummaryQuery).then(
      (summary) => wanted && setRead({ of, summary }),
      () => wanted && setRead((before) => (before?.of === of ? before : { of, summary: undefined })),
    )
    return () => {
      wanted = false
    }
  }, [client, project, asked, due])

  const current = read?.of === `${project} ${asked}` ? read : undefined
  return useMemo(
    () => ({ summary: current?.summary, failed: current !== undefined && current.summary === undefined }),
    [current],
  )
}

/** The value, which changes at most so often. */
function useSpaced<Value>(value: Value, ms: number): Value {
  const [spaced, setSpaced] = useState(value)
  const last = useRef(performance.now())
  useEffect(() => {
    if (Object.is(value, spaced)) return
    const show = () => {
      last.current = performance.now()
      setSpaced(value)
    }
    const timer = setTimeout(show, Math.max(0, last.current + ms - performance.now()))
    return () => clearTimeout(timer)
  }, [value, spaced, ms])
  return spaced
}

const DAY = new Intl.DateTimeFormat('sv-SE')

/** As `2026-11-21`, where this is shown. */
const localDay = (at: string): string => DAY.format(Date.parse(at))
