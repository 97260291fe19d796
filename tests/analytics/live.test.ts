import type pg from 'pg'
import { expect, it } from 'vitest'
import { Live } from '../../server/analytics/live.ts'
import { bucketAt } from '../../server/analytics/widths.ts'
import { MAX_SIGNAL_BYTES, type MetricSeries } from '../../server/protocol.ts'
import { batchOf, openStore } from './store.ts'

/** Somebody who listens at a node, in a room in which is measured. */
async function listener() {
  const { pool, node, room: newRoom } = await openStore()
  const [recorder, room] = [node(), await newRoom()]
  const { rows } = await pool.query<{ name: string }>('select name from rooms where id = $1', [room])
  const name = rows[0]?.name ?? ''
  const told: [at: number, name: string, count: number][] = []
  const sizes: number[] = []
  const here = { listens: true, away: false }
  const query = (...asked: unknown[]) =>
    here.away ? Promise.reject(new Error('away')) : Reflect.apply(pool.query, pool, asked)
  const live = new Live({
    db: { query } as unknown as pg.Pool,
    present: [
      {
        get rooms() {
          return here.listens ? [name, 'analytics:absent', 'doc:other'] : []
        },
        sendHere: async (_room, type, payload) => {
          expect(type).toBe('syncline.metrics')
          sizes.push(Buffer.byteLength(JSON.stringify(payload)))
          for (const { name, points } of (payload as { series: MetricSeries[] }).series)
            for (const { at, count } of points) told.push([Date.parse(at), name, count])
        },
      },
    ],
  })
  const end = bucketAt(Date.now(), 5)
  return {
    here,
    sizes,
    end,
    record: (measures: Parameters<typeof batchOf>[0]) => recorder.record(room, batchOf(measures)),
    measure: (name: string, at: number) => recorder.record(room, batchOf([{ name, at }])),
    tell: async (after: number) => {
      told.length = 0
      await live.tell(end + after * 5_000)
      return told
    },
  }
}

it('[ANA7] each node tells its own of each bucket that is over, once, and again where it was added to; large ones in parts', async () => {
  const { here, sizes, end, record, measure, tell } = await listener()
  await measure('before', end - 6_000)
  await measure('last', end - 1)
  await measure('present', end)
  // Who has just come is told of the last one.
  expect(await tell(0)).toEqual([[end - 5_000, 'last', 1]])
  expect(await tell(1)).toEqual([[end, 'present', 1]])
  expect(await tell(2)).toEqual([])
  // Late, two ways; and a look that was missed.
  await measure('present', end + 1)
  await measure('late', end - 30_000)
  await measure('too late to be told', end - 300_000)
  await measure('next', end + 10_001)
  await measure('next', end + 15_001)
  expect(await tell(4)).toEqual([
    [end - 30_000, 'late', 1],
    [end + 10_000, 'next', 1],
    [end + 15_000, 'next', 1],
    [end, 'present', 2],
  ])
  const many = Array.from({ length: 500 }, (_, n) => ({
    name: 'many',
    labels: { n: String(n), text: 'ä'.repeat(100) },
    at: end + 20_000,
  }))
  await record(many)
  expect((await tell(5)).length).toBe(500)
  expect(sizes.length).toBeGreaterThan(10)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_SIGNAL_BYTES)
  // Nobody there: what was is not told afterwards.
  here.listens = false
  await measure('unheard', end + 25_000)
  expect(await tell(6)).toEqual([])
  here.listens = true
  await measure('heard', end + 35_000)
  expect(await tell(8)).toEqual([[end + 35_000, 'heard', 1]])
})

it('[ANA7] once the database is back a node tells what it could not, and what was recorded of that time only then', async () => {
  const { here, end, measure, tell } = await listener()
  expect(await tell(0)).toEqual([])
  here.away = true
  for (let after = 1; after < 60; after += 1) await expect(tell(after)).rejects.toThrow('away')
  here.away = false
  await measure('at another node', end)
  expect(await tell(60)).toEqual([[end, 'at another node', 1]])
  await measure('late', end + 5_000)
  expect(await tell(61)).toEqual([[end + 5_000, 'late', 1]])
  expect(await tell(62)).toEqual([])
  await measure('late', end + 5_001)
  expect(await tell(72)).toEqual([])
  // What is longer ago is read.
  await measure('long ago', end + 300_000)
  await measure('ten minutes ago', end + 600_000)
  expect(await tell(240)).toEqual([[end + 600_000, 'ten minutes ago', 1]])
})
