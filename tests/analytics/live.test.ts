import { expect, it } from 'vitest'
import { Live } from '../../server/analytics/live.ts'
import { bucketAt } from '../../server/analytics/widths.ts'
import { MAX_SIGNAL_BYTES, type MetricSeries } from '../../server/protocol.ts'
import { batchOf, openStore } from './store.ts'

it('[ANA7] each node tells its own of each bucket that is over, once, and again where it was added to; large ones in parts', async () => {
  const { pool, node, room: newRoom } = await openStore()
  const [recorder, room] = [node(), await newRoom()]
  const { rows } = await pool.query<{ name: string }>('select name from rooms where id = $1', [room])
  const name = rows[0]?.name ?? ''
  const told: [at: number, name: string, count: number][] = []
  const sizes: number[] = []
  let listens = true
  const live = new Live({
    db: pool,
    present: [
      {
        get rooms() {
          return listens ? [name, 'analytics:absent', 'doc:other'] : []
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
  const measure = (name: string, at: number) => recorder.record(room, batchOf([{ name, at }]))
  const tell = async (after: number) => {
    told.length = 0
    await live.tell(end + after * 5_000)
    return told
  }
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
  await recorder.record(room, batchOf(many))
  expect((await tell(5)).length).toBe(500)
  expect(sizes.length).toBeGreaterThan(10)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(MAX_SIGNAL_BYTES)
  // Nobody there: what was is not told afterwards.
  listens = false
  await measure('unheard', end + 25_000)
  expect(await tell(6)).toEqual([])
  listens = true
  await measure('heard', end + 35_000)
  expect(await tell(8)).toEqual([[end + 35_000, 'heard', 1]])
})
