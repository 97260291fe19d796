import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { expect, it } from 'vitest'
import { Allowance } from '../../server/analytics/allowance.ts'
import { readMetrics } from '../../server/analytics/metrics.ts'
import { OwnMeasures } from '../../server/analytics/own-measures.ts'
import { Recorder } from '../../server/analytics/recorder.ts'
import { bucketAt } from '../../server/analytics/widths.ts'
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
    return own.record(end + after * 5_000)
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
