import { expect, it } from 'vitest'
import { forgetOld } from '../../server/analytics/housekeeping.ts'
import { readMetrics } from '../../server/analytics/metrics.ts'
import { bucketAt, WIDTHS } from '../../server/analytics/widths.ts'
import { batchOf, openStore } from './store.ts'

const NOW = Date.now()
const EVERYTHING = { names: undefined, from: 0, to: NOW + 60_000 }

/** As `Math.random`, the same each time. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32
    return state / 2 ** 32
  }
}

const keyOf = ({ name, labels }: { name: string; labels: Readonly<Record<string, string>> }, at: number) =>
  JSON.stringify([name, Object.entries(labels).sort(), at])

it('[ANA2] what many nodes count at once, some of it twice, is exact in every width', async () => {
  const { pool, node, room: newRoom } = await openStore()
  const room = await newRoom()
  const random = randomFrom(7)
  const pick = (count: number) => Math.floor(random() * count)
  const batches = Array.from({ length: 120 }, () =>
    batchOf(
      Array.from({ length: 1 + pick(20) }, () => ({
        name: `metric-${pick(3)}`,
        labels: { ...(pick(2) === 0 && { region: `r${pick(3)}` }), build: 'b' },
        value: Math.round(random() * 1e6) / 4,
        at: NOW - pick(10 * 60_000),
      })),
    ),
  )
  const nodes = [node(), node(), node()]
  const taken = await Promise.all(
    batches.flatMap((batch, index) => {
      const times = index % 3 === 0 ? [0, 1, 1] : [0]
      return times.map((further) => nodes[(index + further) % nodes.length]?.record(room, batch))
    }),
  )
  expect(taken.filter((one) => one?.repeated).length).toBe(80)

  const all = batches.flatMap(({ measures }) => measures)
  for (const width of WIDTHS) {
    const series = await readMetrics(pool, room, { ...EVERYTHING, width })
    const points = series.flatMap((one) => one.points.map((point) => ({ ...one, ...point })))
    expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(all.length)
    const expected = Map.groupBy(all, ({ at, ...one }) => keyOf(one, bucketAt(at, width)))
    for (const { name, labels, at, ...point } of points) {
      const values = (expected.get(keyOf({ name, labels }, Date.parse(at))) ?? [])
        .map(({ value }) => value)
        .sort((one, other) => one - other)
      expect(point).toMatchObject({
        count: values.length,
        // Quarters: their sums are exact.
        sum: values.reduce((sum, value) => sum + value, 0),
        min: values[0],
        max: values.at(-1),
      })
      const median = values[Math.ceil(values.length / 2) - 1] ?? Number.NaN
      expect(Math.abs(point.p50 - median)).toBeLessThanOrEqual(median * 0.0201)
    }
  }
})

it('[ANA3] a batch is answered as it was the first time, also beside itself', async () => {
  const { pool, node, room: newRoom } = await openStore()
  const [one, other, room, elsewhere] = [node(), node(), await newRoom(), await newRoom()]
  const batch = { ...batchOf([{ name: 'tracked', at: NOW }]), outOfTime: 2 }
  const answers = await Promise.all([
    one.record(room, batch),
    one.record(room, batch),
    other.record(room, batch),
  ])
  expect(answers.map(({ repeated: _, ...answer }) => answer)).toEqual(
    Array.from({ length: 3 }, () => ({ counted: 1, outOfTime: 2, tooManySeries: 0 })),
  )
  expect(answers.filter(({ repeated }) => !repeated).length).toBe(1)
  // An id is its sender's, and its room's.
  expect(await one.record(room, { ...batch, user: 'bob' })).toMatchObject({ repeated: false })
  expect(await one.record(elsewhere, batch)).toMatchObject({ repeated: false })
  const [series] = await readMetrics(pool, room, { ...EVERYTHING, width: 5 })
  expect(series?.points.map(({ count }) => count)).toEqual([2])
})

it('[ANA4] a room has a thousand series: those that it has go on, of others nothing is counted, and how many is known', async () => {
  const { pool, node, room: newRoom } = await openStore()
  const [recorder, room] = [node(), await newRoom()]
  const grow = (from: number, count: number) =>
    Array.from({ length: count }, (_, n) => ({ name: 'grows', labels: { id: String(from + n) }, at: NOW }))
  expect(await recorder.record(room, batchOf(grow(0, 990)))).toMatchObject({ counted: 990 })
  // Several at once find room for ten together.
  const taken = await Promise.all([1, 2, 3].map((n) => recorder.record(room, batchOf(grow(n * 10_000, 300)))))
  expect(taken.reduce((sum, { counted }) => sum + counted, 0)).toBe(10)
  expect(taken.reduce((sum, { tooManySeries }) => sum + tooManySeries, 0)).toBe(890)
  expect(await recorder.record(room, batchOf([...grow(0, 5), ...grow(70_000, 5)]))).toMatchObject({
    counted: 5,
    tooManySeries: 5,
  })
  // What the server itself says of a room always has a place.
  const own = batchOf([
    { name: 'syncline.refused', labels: { reason: 'too-many-series' }, value: 5, at: NOW },
  ])
  expect(await recorder.record(room, own)).toMatchObject({ counted: 1 })
  const { rows } = await pool.query('select count(*)::int from analytics_series where room_id = $1', [room])
  expect(rows).toEqual([{ count: 1_001 }])
})

it('[ANA2] what cannot be committed is refused alone: batches that came together with it are counted', async () => {
  const { node, room: newRoom } = await openStore()
  const [recorder, room] = [node(), await newRoom()]
  const good = () => recorder.record(room, batchOf([{ name: 'good', at: NOW }]))
  // The first is being committed while the others come, and these go together.
  const settled = await Promise.allSettled([
    good(),
    good(),
    recorder.record(room, batchOf([{ name: 'no\u0000text', at: NOW }])),
    good(),
  ])
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled'])
  // What is unique is a hash: no size of labels is too much for it.
  const long = Array.from({ length: 500 }, () => Math.random().toString(36)).join('')
  const large = batchOf([{ name: 'large', labels: { long }, at: NOW }])
  expect(await recorder.record(room, large)).toMatchObject({ counted: 1 })
})

it('[ANA5] each width is forgotten when its time is over, and a series once nothing is left of it', async () => {
  const { pool, node, room: newRoom } = await openStore()
  const [recorder, room] = [node(), await newRoom()]
  const hour = 3_600_000
  const ages = [0, 2 * hour, 49 * hour, 364 * 24 * hour, 366 * 24 * hour]
  await recorder.record(
    room,
    batchOf(ages.map((age, index) => ({ name: index < 4 ? 'kept' : 'gone', at: NOW - age }))),
  )
  await forgetOld(pool, new AbortController().signal)
  const counts = async () =>
    Promise.all(
      WIDTHS.map(
        async (width) =>
          (await readMetrics(pool, room, { ...EVERYTHING, width })).flatMap(({ points }) => points).length,
      ),
    )
  expect(await counts()).toEqual([1, 2, 4])
  const { rows } = await pool.query('select name from analytics_series where room_id = $1', [room])
  expect(rows).toEqual([{ name: 'kept' }])
  // A batch is known for longer than what is in it would be taken.
  await pool.query(`update analytics_batches set at = now() - interval '3 hours'`)
  await forgetOld(pool, new AbortController().signal)
  expect((await pool.query('select from analytics_batches')).rowCount).toBe(0)
})
