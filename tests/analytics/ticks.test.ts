import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Ticks, type TickWork } from '../../server/analytics/ticks.ts'
import { createLogger } from '../../server/observe/log.ts'

const NOW = Date.UTC(2026, 0, 1, 12, 0, 2)
const FIRST = Date.UTC(2026, 0, 1, 12, 0, 5)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: NOW })
})
afterEach(() => {
  vi.useRealTimers()
})

it('[ANA14] a node measures at the end of each five seconds, however long what is done of it takes, and whatever fails', async () => {
  const sampled: [at: number, end: number][] = []
  const told: number[] = []
  const answers: PromiseWithResolvers<void>[] = []
  let records = 0
  const slow = () => {
    const answer = Promise.withResolvers<void>()
    answers.push(answer)
    records += 1
    return answer.promise
  }
  const work: TickWork = {
    sample: (end) => {
      sampled.push([Date.now(), end])
      if (sampled.length === 2) throw new Error('once')
    },
    record: slow,
    tell: async (end) => {
      told.push(end)
      if (told.length === 3) throw new Error('once')
    },
  }
  const ticks = new Ticks(work, createLogger('silent'))
  ticks.start()
  await vi.advanceTimersByTimeAsync(30_000)
  const ends = Array.from({ length: 6 }, (_, n) => FIRST + n * 5_000)
  expect(sampled).toEqual(ends.map((end) => [end, end]))
  expect(told).toEqual(ends)
  // One at a time, and once more for all that has come meanwhile.
  expect(records).toBe(1)
  for (const { reject } of answers.splice(0)) reject(new Error('no answer'))
  await vi.advanceTimersByTimeAsync(0)
  expect(records).toBe(2)
  for (const { resolve } of answers.splice(0)) resolve()
  await ticks.close()
  await vi.advanceTimersByTimeAsync(30_000)
  expect(sampled.length).toBe(6)
  expect(records).toBe(2)
})
