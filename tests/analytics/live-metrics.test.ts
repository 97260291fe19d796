import { setImmediate as settled } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { MetricsListener, MetricsQuery, WatchedMetrics } from '../../client/sdk/analytics/query.ts'
import { LiveMetrics, type MetricSeries, type RoomStatus } from '../../client/sdk/index.ts'

const NOW = Date.UTC(2026, 0, 1, 12, 0, 2)
const HOUR = 3_600_000

const open: LiveMetrics[] = []
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: NOW })
})
afterEach(() => {
  for (const live of open.splice(0)) live.close()
  vi.useRealTimers()
})

const point = (at: number, count = 1) => {
  const value = { sum: count, min: 1, max: 1, p50: 1, p95: 1, p99: 1 }
  return { at: new Date(at).toISOString(), count, ...value }
}
const series = (points: MetricSeries['points'], name = 'hits'): MetricSeries => ({ name, labels: {}, points })

/** Somebody who watches a server that has one value in each bucket, in a room that can go away. */
async function watch(query: WatchedMetrics, ahead = 0) {
  const { width = 5 } = query
  const asked: MetricsQuery[] = []
  let tell: MetricsListener = () => undefined
  let changed = () => undefined as unknown
  const room = {
    status: 'online' as RoomStatus,
    subscribe: (listener: () => void) => {
      changed = listener
      return () => undefined
    },
    release: () => undefined,
  }
  const source = {
    metrics: async (given: MetricsQuery) => {
      asked.push(given)
      const now = Date.now() + ahead
      const step = width * 1_000
      const from = given.from?.getTime() ?? now - 120 * step
      const points = []
      for (let at = from - (from % step); at < now; at += step) points.push(point(at))
      const to = new Date(now).toISOString()
      return { width, from: new Date(from).toISOString(), to, series: [series(points)] }
    },
    subscribe: (listener: MetricsListener) => {
      tell = listener
      return () => undefined
    },
  }
  const live = new LiveMetrics(source, room, query)
  open.push(live)
  await settled()
  return {
    live,
    asked,
    tell: (...all: MetricSeries[]) => tell(all),
    points: () => live.getState().series?.find(({ name }) => name === 'hits')?.points ?? [],
    comeBack: async () => {
      for (const status of ['offline', 'online'] as const) {
        room.status = status
        changed()
      }
      await settled()
    },
  }
}

it.each([
  { query: {}, buckets: 121 },
  { query: { last: 3_600 }, buckets: 721 },
  { query: { last: 86_400, width: 60 }, buckets: 1_441 },
] as const)(
  '[ANA13] what is watched reaches back as far as was asked for, and what is older is let go: $query',
  async ({ query, buckets }) => {
    const { points, tell, comeBack } = await watch(query)
    const step = 'width' in query ? 60_000 : 5_000
    const begin = points()[0]?.at ?? ''
    expect(points().length).toBe(buckets)
    expect(Date.parse(begin)).toBe(NOW - (NOW % step) - (buckets - 1) * step)
    vi.setSystemTime(NOW + step)
    if (step === 5_000) tell(series([point(NOW - (NOW % step) + step)]))
    else await comeBack()
    expect(points().length).toBe(buckets)
    expect(Date.parse(points()[0]?.at ?? '') - Date.parse(begin)).toBe(step)
  },
)

it('[ANA13] each bucket is there once, with all that is known to be in it, whatever overtakes what', async () => {
  const { live, points, tell, comeBack } = await watch({ names: ['hits'], last: 600 })
  const last = NOW - (NOW % 5_000)
  const counts = () => points().map(({ count }) => count)
  tell(series([point(last, 3)]), series([point(last, 9)], 'others'))
  expect(counts().at(-1)).toBe(3)
  // What is read had been asked for before the other two were counted.
  await comeBack()
  expect(counts().at(-1)).toBe(3)
  tell(series([point(last, 2)]))
  tell(series([point(last - 5_000, 7)]))
  expect(counts().slice(-3)).toEqual([1, 7, 3])
  expect(counts().length).toBe(121)
  expect(live.getState().series?.map(({ name }) => name)).toEqual(['hits'])
})

it('[ANA13] what is read again is what may have changed, by the clock of the server', async () => {
  const ahead = 5 * HOUR
  const wide = await watch({ width: 60, last: 86_400 }, ahead)
  const narrow = await watch({}, ahead)
  expect([wide, narrow].map(({ asked }) => asked.length)).toEqual([1, 1])
  expect(narrow.asked[0]?.from).toBeUndefined()
  vi.setSystemTime(NOW + 2 * HOUR)
  await Promise.all([wide.comeBack(), narrow.comeBack()])
  // A measure may come an hour late; of the ten minutes that are kept nothing is older.
  expect(wide.asked[1]?.from).toEqual(new Date(NOW + ahead - HOUR))
  expect(narrow.asked[1]?.from).toEqual(new Date(NOW + ahead + 2 * HOUR - 600_000))
  expect(narrow.points().length).toBe(121)
})

it('[ANA13] [OPV9] a bucket that nobody was told of is there within half a minute, and nothing is asked for that was told', async () => {
  const { points, asked, tell } = await watch({ last: 3_600, names: ['hits'] })
  let last = NOW - (NOW % 5_000)
  /** Half a minute, with what is told a second after each five. */
  const halfMinute = async (heard: (nth: number) => boolean) => {
    for (let nth = 0; nth < 6; nth += 1) {
      vi.advanceTimersByTime(5_000)
      if (heard(nth)) tell(series([point(last)], nth % 2 === 0 ? 'hits' : 'others'), series([point(last)]))
      last += 5_000
    }
    await settled()
    return asked.splice(0).map(({ from }) => from)
  }
  /** How many of the last hour's are missing, but for that which is still being filled. */
  const missing = () =>
    Array.from({ length: 719 }, (_, n) => last - (n + 1) * 5_000).filter(
      (at) => !points().some((one) => Date.parse(one.at) === at),
    ).length
  await halfMinute(() => true)
  expect(await halfMinute(() => true)).toEqual([])
  expect(missing()).toBe(0)
  // As many of the finest as of those of a minute, and not the whole hour.
  expect(await halfMinute((nth) => nth > 3)).toEqual([new Date(NOW - 600_000)])
  expect(missing()).toBe(0)
  expect(await halfMinute(() => false)).toEqual([new Date(NOW + 90_000 - 600_000)])
  expect(missing()).toBe(0)
  expect(await halfMinute(() => true)).toEqual([])
  expect(missing()).toBe(0)
})
