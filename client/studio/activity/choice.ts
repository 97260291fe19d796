import { useCallback, useMemo } from 'react'
import type { ActivityFilter } from '../../sdk/index.ts'
import { activityPath, navigate, useSearch } from '../router.ts'
import { SORTS, type Sort } from './words.ts'

export const PERIODS = {
  ever: 'Any time',
  today: 'Today',
  week: 'Last 7 days',
  month: 'Last 30 days',
} as const
export type Period = keyof typeof PERIODS
const DAYS = { today: 1, week: 7, month: 30 } as const

/** What of the activity is looked at, as the address says it. */
export interface Choice {
  readonly person: string
  readonly sort: Sort | ''
  readonly period: Period
  readonly room: string
  readonly q: string
}

const isSort = (value: string): value is Sort => Object.hasOwn(SORTS, value)
export const sortOf = (value: string): Choice['sort'] => (isSort(value) ? value : '')
export const periodOf = (value: string): Period =>
  Object.hasOwn(PERIODS, value) ? (value as Period) : 'ever'

function parseChoice(search: string): Choice {
  const query = new URLSearchParams(search)
  return {
    person: query.get('person') ?? '',
    sort: sortOf(query.get('type') ?? ''),
    period: periodOf(query.get('time') ?? ''),
    room: query.get('room') ?? '',
    q: query.get('q') ?? '',
  }
}

function addressOf(project: string, { person, sort, period, room, q }: Choice): string {
  const query = new URLSearchParams()
  const said = { person, type: sort, time: period === 'ever' ? '' : period, room, q }
  for (const [key, value] of Object.entries(said)) if (value !== '') query.set(key, value)
  const search = query.toString().replaceAll('%3A', ':')
  return activityPath(project) + (search === '' ? '' : `?${search}`)
}

/** A day begins where this device is. */
export function filterOf({ person, sort, period, room, q }: Choice, now: number): ActivityFilter {
  const start = new Date(now)
  start.setHours(0, 0, 0, 0)
  if (period !== 'ever') start.setDate(start.getDate() - DAYS[period] + 1)
  return {
    ...(person !== '' && { person }),
    ...(sort !== '' && { types: SORTS[sort].types }),
    ...(period !== 'ever' && { from: start.toISOString() }),
    ...(room !== '' && { room }),
    ...(q.trim() !== '' && { q: q.trim() }),
  }
}

/** The choice that the address has, and how to make another. */
export function useChoice(project: string) {
  const search = useSearch()
  const choice = useMemo(() => parseChoice(search), [search])
  const change = useCallback(
    (part: Partial<Choice>) =>
      navigate(addressOf(project, { ...parseChoice(location.search), ...part }), { replace: true }),
    [project],
  )
  return { choice, change }
}
