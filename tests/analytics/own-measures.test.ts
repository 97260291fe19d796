import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { expect, it } from 'vitest'
import { Allowance } from '../../server/analytics/allowance.ts'
import { SYSTEM_ROOM } from '../../server/analytics/measure.ts'
import { readMetrics } from '../../server/analytics/metrics.ts'
import { OwnMeasures } from '../../server/analytics/own-measures.ts'
import { Recorder } from '../../server/analytics/recorder.ts'
import { bucketAt } from '../../server/analytics/widths.ts'
import type { RoomId } from '../../server/log/entry.ts'
import { createRoom } from '../../server/log/rooms.ts'
import { batchOf, openStore } from './store.ts'

it('[ANA6] what is refused while the database is away is counted afterwards, of however many rooms', async () => {
  const { pool, node } = await openStore()
  const names = Array.from({ length: 150 }, () => `analytics:${randomUUID()}`)
  const rooms = await Promise.all(names.map((name) => createRoom(pool, name, 'tests')))
  let away = true
  const allowance = new Allowance()
  const inner = node()
  const own = new OwnMeasures({
    pool,
    allowance,
    // It is recorded, and the answer is lost on its way: what comes again has to be the same.
    recorder: {
      record: async (...given: Parameters<Recorder['record']>) => {
        const taken = await inner.record(...given)
        if (away) throw new Error('away')
        return taken
      },
    } as Recorder,
    systemSample: () => [{ name: 'memory.bytes', value: 1 }],
  })
  const end = bucketAt(Date.now(), 5)
  const tick = (after: number) => {
    for (const name of names) allowance.refused(name, 'rate-limited', 7)
    own.sample(end + after * 5_000)
    return own.record()
  }
  for (let after = 0; after < 3; after += 1) await expect(tick(after)).rejects.toThrow('away')
  away = false
  await tick(3)
  await tick(4)
  const all = { names: undefined, from: 0, to: Date.now() + 600_000, width: 3_600 } as const
  for (const { id } of rooms) {
    const series = await readMetrics(pool, id, all)
    expect(series.flatMap(({ points }) => points).reduce((sum, point) => sum + point.sum, 0)).toBe(35)
  }
})

it('[ANA14] while the database stands still a node measures on, and each sample stands at its own time, once', async () => {
  const { pool, url, node, room } = await openStore()
  const [{ id: system }, flooded] = [await createRoom(pool, SYSTEM_ROOM, 'tests'), await room()]
  const allowance = new Allowance()
  let sampled = 0
  const own = new OwnMeasures({
    pool,
    allowance,
    recorder: node(),
    systemSample: () => [{ name: 'connections', value: 1_000 + sampled++ }],
  })
  const end = bucketAt(Date.now(), 5)
  const { rows } = await pool.query<{ name: string }>('select name from rooms where id = $1', [flooded])
  const refuse = (after: number) => {
    allowance.refused(rows[0]?.name ?? '', 'rate-limited', 7)
    own.sample(end + after * 5_000)
  }
  refuse(0)
  const letGo = await standStill(url)
  const recorded = own.record()
  for (let after = 1; after < 6; after += 1) refuse(after)
  await letGo()
  await recorded
  refuse(6)
  await own.record()
  await own.record()
  const all = { names: undefined, from: 0, to: end + 600_000, width: 5 } as const
  const points = async (id: RoomId) => (await readMetrics(pool, id, all)).flatMap((one) => one.points)
  expect((await points(system)).map(({ at, count, sum }) => [Date.parse(at) - end, count, sum])).toEqual(
    Array.from({ length: 7 }, (_, n) => [(n - 1) * 5_000, 1, 1_000 + n]),
  )
  expect((await points(flooded)).reduce((sum, point) => sum + point.sum, 0)).toBe(49)
})

it('[ANA14] what is measured once the clock was set back is added to what was measured before', async () => {
  const { pool, node } = await openStore()
  const { id } = await createRoom(pool, SYSTEM_ROOM, 'tests')
  const allowance = new Allowance()
  const systemSample = () => [{ name: 'edits', value: 10 }]
  const own = new OwnMeasures({ pool, allowance, recorder: node(), systemSample })
  const end = bucketAt(Date.now(), 5)
  for (const after of [0, 1, 0]) {
    allowance.refused(SYSTEM_ROOM, 'rate-limited', 7)
    own.sample(end + after * 5_000)
    await own.record()
  }
  const all = { names: undefined, from: 0, to: end + 600_000, width: 5 } as const
  const series = await readMetrics(pool, id, all)
  expect(series.map(({ name, points }) => [name, points.map(({ sum }) => sum)])).toEqual([
    ['edits', [20, 10]],
    ['syncline.refused', [14, 7]],
  ])
})

/** Has the database answer nothing about rooms, until it is let go. */
async function standStill(url: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query('begin')
  await client.query('lock table rooms in access exclusive mode')
  return () => client.end()
}

it('[ANA6] what a node cannot take, since too much waits for the database, is refused, and counted as refused', async () => {
  const asked = Promise.withResolvers<never>()
  // A database that does not answer.
  const recorder = new Recorder({ connect: () => asked.promise } as unknown as pg.Pool)
  const allowance = new Allowance()
  const room = 1 as Parameters<Recorder['record']>[0]
  const batch = batchOf(Array.from({ length: 1_000 }, () => ({ name: 'flood', at: Date.now() })))
  const send = () => allowance.counting('analytics:a', 1_000, () => recorder.record(room, batch))
  // The first is on its way, and does not wait.
  const taken = Array.from({ length: 101 }, send)
  await expect(send()).rejects.toMatchObject({ code: 'rate-limited', retryAfter: 1 })
  const drained = allowance.drain(new Set())
  expect([...drained].map(([name, codes]) => [name, [...codes]])).toEqual([
    ['analytics:a', [['rate-limited', 1_000]]],
  ])
  asked.reject(Object.assign(new Error('away'), { code: 'ECONNREFUSED' }))
  for (const one of await Promise.allSettled(taken)) expect(one.status).toBe('rejected')
})
