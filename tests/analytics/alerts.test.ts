import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type pg from 'pg'
import { expect, it } from 'vitest'
import { alertRule, mostBuckets, windowOf } from '../../server/analytics/alert-rule.ts'
import { deleteAlert, listAlerts, setAlert, takeDueAlert } from '../../server/analytics/alert-table.ts'
import { Alerts } from '../../server/analytics/alerts.ts'
import { mergedSketch } from '../../server/analytics/merged.ts'
import { bucketAt } from '../../server/analytics/widths.ts'
import type { RoomId } from '../../server/log/entry.ts'
import { createLogger } from '../../server/observe/log.ts'
import { batchOf, openStore } from './store.ts'

interface Said {
  readonly id: string
  readonly rule: string
  readonly state: string
  readonly at: string
  readonly value?: number
}

const DOWN = new Error('killed')

async function watched() {
  const { pool, node, room: newRoom } = await openStore()
  const [recorder, room] = [node(), await newRoom()]
  const nameOf = async (of: RoomId) =>
    (await pool.query<{ name: string }>('select name from rooms where id = $1', [of])).rows[0]?.name
  const said: Said[] = []
  /** What has been published, each id once, as the log has it. */
  const log = () =>
    [...new Map(said.map((one) => [one.id, one])).values()].map(({ rule, state }) => `${rule} ${state}`)
  const alerts = (fails: boolean | string | undefined = false) =>
    new Alerts({
      pool,
      publish: async (name, [draft]) => {
        if (fails === true || fails === name) throw DOWN
        said.push({ id: draft?.id ?? '', ...(draft?.payload as Omit<Said, 'id'>) })
      },
      logger: createLogger('silent'),
    })
  const change = (name: string) => ({ room, name, roomName: 'analytics:tests', by: 'ada' })
  return {
    pool,
    room,
    said,
    log,
    alerts,
    recorder,
    newRoom,
    nameOf,
    change,
    set: (name: string, rule: Record<string, unknown>) => setAlert(pool, change(name), alertRule.parse(rule)),
    /** In the newest buckets that are looked at. */
    measure: (value: number, labels: Record<string, string> = {}) =>
      recorder.record(room, batchOf([{ name: 'latency', value, labels, at: Date.now() - 10_000 }])),
    again: () => again(pool, room),
  }
}

/** As if the next bucket were over. */
const again = (pool: pg.Pool, room: RoomId) =>
  pool.query(`update analytics_alerts set looked_at = looked_at - interval '5 s' where room_id = $1`, [room])

const SLOW = {
  metric: 'latency',
  of: 'p99',
  over: 60,
  is: 'above',
  threshold: 200,
  level: 'critical',
  tell: ['bob'],
}

it('[ANA8] a rule that is broken is raised once, however many look and however often, and resolved once', async () => {
  const { set, measure, alerts, again, log, said, pool, room } = await watched()
  await set('slow', SLOW)
  await measure(100)
  await alerts().look()
  expect(log()).toEqual([])
  await measure(500)
  for (let look = 0; look < 3; look += 1) {
    await again()
    await Promise.all([alerts().look(), alerts().look(), alerts().look()])
  }
  expect(log()).toEqual(['slow raised'])
  expect(said[0]).toMatchObject({ level: 'critical', of: 'p99', threshold: 200, tell: ['bob'] })
  expect(Math.abs((said[0]?.value ?? 0) - 500)).toBeLessThan(10)
  // Since it was raised, and not since it was looked at last.
  const [{ raisedAt } = { raisedAt: null }] = await listAlerts(pool, room)
  expect(new Date(raisedAt ?? Number.NaN).toISOString()).toBe(said[0]?.at)
  await pool.query('delete from analytics_buckets')
  for (let look = 0; look < 2; look += 1) {
    await again()
    await Promise.all([alerts().look(), alerts().look()])
  }
  expect(log()).toEqual(['slow raised', 'slow resolved'])
  expect(await listAlerts(pool, room)).toMatchObject([
    { name: 'slow', raised: false, raisedAt: null, value: null },
  ])
})

it('[ANA8] what was decided is said, in order, also where whoever decided it is killed before or after saying it', async () => {
  const { set, measure, alerts, again, log, said, pool } = await watched()
  await set('slow', SLOW)
  await measure(500)
  await expect(alerts(true).look()).rejects.toThrow(DOWN)
  await pool.query('delete from analytics_buckets')
  await again()
  await expect(alerts(true).look()).rejects.toThrow(DOWN)
  expect(log()).toEqual([])
  // Said, and killed before it is noted: it is said again, under the same id.
  await pool.query('create table undone as select * from analytics_turns')
  await alerts().look()
  await pool.query('insert into analytics_turns overriding system value select * from undone')
  await alerts().look()
  expect(said.length).toBe(4)
  expect(log()).toEqual(['slow raised', 'slow resolved'])
})

it('[ANA9] a rule has to be broken for as long as it says, without a break, and as long the other way', async () => {
  const { set, measure, alerts, again, log, pool } = await watched()
  // Far longer than a bucket, which may end between any two lines of this.
  await set('slow', { ...SLOW, over: 600, for: 600 })
  const look = async () => {
    await again()
    await alerts().look()
  }
  /** Since it was otherwise, five minutes more have passed. */
  const later = () =>
    pool.query(`update analytics_alerts set otherwise_since = otherwise_since - interval '5 minutes'`)
  await alerts().look()
  await measure(500)
  await look()
  await later()
  await look()
  expect(log()).toEqual([])
  // A break, and from the beginning.
  await pool.query('delete from analytics_buckets')
  await look()
  await measure(500)
  await look()
  await later()
  await look()
  expect(log()).toEqual([])
  await later()
  await look()
  expect(log()).toEqual(['slow raised'])
  await pool.query('delete from analytics_buckets')
  await look()
  expect(log()).toEqual(['slow raised'])
  await later()
  await later()
  await look()
  expect(log()).toEqual(['slow raised', 'slow resolved'])
  // Nobody has looked for long: it may have been well meanwhile.
  await measure(500)
  await look()
  await pool.query(`update analytics_alerts
    set otherwise_since = otherwise_since - interval '1 hour', looked_at = looked_at - interval '1 hour'`)
  await alerts().look()
  expect(log()).toEqual(['slow raised', 'slow resolved'])
})

it('[ANA9] measures what it says: count, sum, mean, min, max, quantiles and rate, of the labels that it says', async () => {
  const { set, measure, alerts, room, pool } = await watched()
  for (const value of [10, 20, 30, 40]) await measure(value, { region: 'eu', host: String(value) })
  await measure(1_000, { region: 'us' })
  const expected = { count: 4, sum: 100, mean: 25, min: 10, max: 40, rate: 4 / 60, p50: 20, p95: 40, p99: 40 }
  for (const of of Object.keys(expected))
    await set(of, { metric: 'latency', labels: { region: 'eu' }, of, over: 60, is: 'above', threshold: 1e9 })
  await set('by the minute', { metric: 'latency', of: 'max', over: 3_600, is: 'below', threshold: 0 })
  await set('nothing', { metric: 'unheard', of: 'count', over: 5, is: 'below', threshold: 1 })
  await set('nothing at all', { metric: 'unheard', of: 'mean', over: 5, is: 'below', threshold: 1 })
  await alerts().look()
  const found = Object.fromEntries(
    (await listAlerts(pool, room)).map(({ name, value, raised }) => [name, [value, raised]]),
  )
  for (const [of, value] of Object.entries(expected)) {
    expect(found[of]?.[1]).toBe(false)
    expect(Math.abs(Number(found[of]?.[0]) / value - 1)).toBeLessThanOrEqual(of.startsWith('p') ? 0.0201 : 0)
  }
  expect(found).toMatchObject({
    'by the minute': [1_000, false],
    nothing: [0, true],
    'nothing at all': [null, false],
  })
})

it('[ANA9] a rule looks at no bucket before four seconds after its end: what was gathered is on its way until then', async () => {
  const { set, pool } = await watched()
  await set('all', { metric: 'signups', of: 'count', over: 5, is: 'above', threshold: 100 })
  const end = bucketAt(Date.now(), 5)
  /** The end of the bucket that is looked at when the clock of the database says so. */
  const lookedAt = async (now: number) => {
    const query = (text: string) =>
      pool.query(text.replace('clock_timestamp()', `to_timestamp(${now / 1_000})`))
    return (await takeDueAlert({ query } as unknown as pg.Pool))?.end
  }
  for (const after of [0, 1_000, 3_900]) expect(await lookedAt(end + after)).toBe(end - 5_000)
  for (const after of [4_000, 5_000, 8_900]) expect(await lookedAt(end + after)).toBe(end)
})

it('[ANA9] another rule under the name begins anew; what the old one had raised is resolved, as when it is deleted', async () => {
  const { set, measure, alerts, log, change, pool, again, room } = await watched()
  await set('slow', SLOW)
  await measure(500)
  await alerts().look()
  // The same once more is the same.
  await set('slow', { ...SLOW })
  await again()
  await alerts().look()
  expect(log()).toEqual(['slow raised'])
  await set('slow', { ...SLOW, threshold: 300 })
  await alerts().look()
  expect(log()).toEqual(['slow raised', 'slow resolved', 'slow raised'])
  expect([await deleteAlert(pool, change('slow')), await deleteAlert(pool, change('slow'))]).toEqual([
    true,
    false,
  ])
  await alerts().look()
  expect(log().length).toBe(4)
  expect(await listAlerts(pool, room)).toEqual([])
  const { rows } = await pool.query(`select act from audit_log order by id`)
  expect(rows.map(({ act }) => act)).toEqual(['alert.set', 'alert.set', 'alert.delete'])
  // A room has so many.
  await pool.query(
    `insert into analytics_alerts (room_id, name, rule) select $1, n, '{}' from generate_series(1, 100) n`,
    [room],
  )
  await expect(set(randomUUID(), SLOW)).rejects.toThrow('100 alerts')
})

it('[ANA8] a rule that cannot be looked at keeps no other from being looked at, and says why', async () => {
  const { set, measure, alerts, again, log, pool, room, recorder } = await watched()
  const standing = async () =>
    Object.fromEntries((await listAlerts(pool, room)).map(({ name, failure }) => [name, failure]))
  await recorder.record(room, batchOf([{ name: 'broken', at: Date.now() - 10_000 }]))
  await pool.query(`update analytics_buckets set sketch = 'none'`)
  await set('broken', { ...SLOW, metric: 'broken' })
  await set('wide', { ...SLOW, metric: 'wide', over: 3_600 })
  await set('slow', SLOW)
  // More series than there were when it was set.
  const grow = (metric: string) =>
    pool.query(
      `insert into analytics_series (room_id, name, labels, key)
       select $1, $2, '{}', sha256(($2 || n)::bytea) from generate_series(1, 700) n`,
      [room, metric],
    )
  await grow('wide')
  await measure(500)
  await alerts().look()
  expect(log()).toEqual(['slow raised'])
  expect(await standing()).toEqual({
    broken: 'it could not be read',
    wide: expect.stringContaining('at most'),
    slow: null,
  })
  await pool.query(`delete from analytics_series where name in ('broken', 'wide')`)
  await again()
  await alerts().look()
  expect(await standing()).toEqual({ broken: null, wide: null, slow: null })
  // Where it is known before, it is refused.
  await grow('wider')
  await expect(set('wider', { ...SLOW, metric: 'wider', over: 3_600 })).rejects.toThrow('at most')
  await set('wider', { ...SLOW, metric: 'wider', over: 600 })
})

it('[ANA8] an event that cannot be published holds up no other room’s', async () => {
  const { set, measure, alerts, said, pool, room, change, recorder, newRoom, nameOf } = await watched()
  const other = await newRoom()
  const at = Date.now() - 10_000
  await set('slow', SLOW)
  await measure(500)
  await alerts(true)
    .look()
    .catch((error) => expect(error).toBe(DOWN))
  await setAlert(pool, { ...change('elsewhere'), room: other }, alertRule.parse(SLOW))
  await recorder.record(other, batchOf([{ name: 'latency', value: 500, at }]))
  await expect(alerts(await nameOf(room)).look()).rejects.toThrow(DOWN)
  expect(said.map(({ rule }) => rule)).toEqual(['elsewhere'])
  await alerts().look()
  expect(said.map(({ rule }) => rule)).toEqual(['elsewhere', 'slow'])
})

it('[ANA9] a rule reads each moment of its time once, in the widest buckets that there are', () => {
  const SIX_HOURS = 4_320
  fc.assert(
    fc.property(fc.nat(1e6), fc.integer({ min: 1, max: SIX_HOURS }), (at, fives) => {
      const [end, over] = [Date.UTC(2026, 0, 1) + at * 5_000, fives * 5]
      const rule = alertRule.parse({ ...SLOW, over })
      const parts = windowOf(rule, end)
      const from = end - over * 1_000
      expect(parts[0]?.from).toBe(over <= 600 ? from : bucketAt(from, 60))
      expect(parts.at(-1)?.to).toBe(end)
      expect(parts.slice(1).map((part) => part.from)).toEqual(parts.slice(0, -1).map(({ to }) => to))
      const buckets = parts.map(({ width, from, to }) => Math.ceil((to - from) / (width * 1_000)))
      expect(buckets.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(mostBuckets(rule))
      for (const { width, from, to } of parts) if (to > from) expect(bucketAt(from, width)).toBe(from)
    }),
    { numRuns: 2_000 },
  )
  expect(mostBuckets({ over: 21_600 })).toBe(66)
})

it('[ANA9] a rule over a long time counts the same as one would by hand, and is read in pages', async () => {
  const { pool, room, recorder } = await watched()
  const now = Date.now()
  const measures = Array.from({ length: 59 }, (_, minute) =>
    Array.from({ length: 20 }, (_, n) => ({
      name: 'latency',
      labels: { n: String(n) },
      at: now - minute * 60_000,
    })),
  ).flat()
  await recorder.record(room, batchOf(measures))
  const end = bucketAt(now, 5) + 5_000
  const pages: number[] = []
  const query = async (...asked: unknown[]) => {
    const found = await Reflect.apply(pool.query, pool, asked)
    pages.push(found.rows.length)
    return found
  }
  for (const over of [60, 600, 1_800, 3_500]) {
    const rule = alertRule.parse({ ...SLOW, over })
    const from = end - over * 1_000
    const since = over <= 600 ? from : bucketAt(from, 60)
    const all = await mergedSketch({ query } as unknown as pg.Pool, room, rule, end)
    expect(all.count).toBe(measures.filter(({ at }) => bucketAt(at, over <= 600 ? 5 : 60) >= since).length)
  }
  expect(pages.length).toBeGreaterThan(8)
  expect(Math.max(...pages)).toBeLessThanOrEqual(1_100)
})
