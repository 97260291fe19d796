import { expect, it } from 'vitest'
import { readMetrics } from '../../server/analytics/metrics.ts'
import { batchOf, openStore } from './store.ts'

const NOW = Date.now()

it('[ANA2] reading twenty thousand points gives others their turn in between', async () => {
  const { pool, node, room: newRoom } = await openStore()
  const [recorder, room] = [node(), await newRoom()]
  await recorder.record(room, batchOf([{ name: 'read', at: NOW }]))
  await pool.query(`
    insert into analytics_buckets select series_id, 5, at - n * interval '5 s', sketch, change
    from analytics_buckets, generate_series(1, 19999) n where width = 5`)
  let turns = 0
  let reading = true
  const count = () => {
    turns += 1
    if (reading) setImmediate(count)
  }
  const answered = {
    query: async (...asked: unknown[]) => {
      const found = await Reflect.apply(pool.query, pool, asked)
      setImmediate(count)
      return found
    },
  } as unknown as typeof pool
  const [series] = await readMetrics(answered, room, {
    names: undefined,
    from: 0,
    to: NOW + 60_000,
    width: 5,
  })
  reading = false
  expect(series?.points.length).toBe(20_000)
  expect(turns).toBeGreaterThan(50)
})
