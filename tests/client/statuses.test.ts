import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Statuses } from '../../client/sdk/statuses.ts'
import { MAX_PEOPLE_ASKED, type PersonStatus, type PresenceStatus } from '../../server/protocol.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const person = (user: string, status: PresenceStatus): PersonStatus => ({
  user,
  name: user,
  status,
  device: null,
  lastSeen: null,
})

/** A server that knows whoever is in `known`, and what it was asked. */
function server(known: Map<string, PresenceStatus>) {
  const asked: (readonly string[])[] = []
  const answer = { fails: false }
  const statuses = new Statuses(async (users) => {
    asked.push(users)
    if (answer.fails) throw new Error('away')
    return users.flatMap((user) =>
      [known.get(user)].flatMap((status) => (status ? [person(user, status)] : [])),
    )
  })
  return { statuses, asked, answer }
}

it('[PRE25] those who are watched within a moment are asked for together, a hundred at a time', async () => {
  const many = Array.from({ length: 150 }, (_, i) => `user${i}`)
  const { statuses, asked } = server(new Map(many.map((user) => [user, 'online'])))
  for (const user of many) statuses.watch([user], () => undefined)
  await vi.advanceTimersByTimeAsync(100)
  expect(asked.map((users) => users.length)).toEqual([MAX_PEOPLE_ASKED, 50])
  expect(statuses.get('user149')?.status).toBe('online')
  statuses.end()
})

it('[PRE25] they are asked for again every half minute, only changes are told, and what fails changes nothing', async () => {
  const known = new Map<string, PresenceStatus>([['ada', 'online']])
  const { statuses, asked, answer } = server(known)
  let told = 0
  const stop = statuses.watch(['ada', 'eve'], () => {
    told += 1
  })
  const again = statuses.watch(['ada'], () => undefined)
  await vi.advanceTimersByTimeAsync(100)
  expect(told).toBe(1)
  await vi.advanceTimersByTimeAsync(30_000)
  expect([asked.length, told]).toEqual([2, 1])
  known.set('ada', 'away')
  answer.fails = true
  await vi.advanceTimersByTimeAsync(30_000)
  expect(statuses.get('ada')?.status).toBe('online')
  answer.fails = false
  await vi.advanceTimersByTimeAsync(30_000)
  expect([statuses.get('ada')?.status, told]).toEqual(['away', 2])
  // Whom one shares no room with any more is not known any more.
  known.delete('ada')
  await vi.advanceTimersByTimeAsync(30_000)
  expect([statuses.get('ada'), told]).toEqual([undefined, 3])
  stop()
  again()
  const before = asked.length
  await vi.advanceTimersByTimeAsync(90_000)
  expect(asked.length).toBe(before)
})

it('[PRE25] whoever is watched by somebody else at once stays known, and is forgotten once nobody watches', async () => {
  const { statuses, asked } = server(new Map([['ada', 'online']]))
  const stop = statuses.watch(['ada'], () => undefined)
  await vi.advanceTimersByTimeAsync(100)
  stop()
  expect(statuses.get('ada')?.status).toBe('online')
  const again = statuses.watch(['ada', 'cleo'], () => undefined)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(statuses.get('ada')?.status).toBe('online')
  expect(asked).toEqual([['ada'], ['cleo']])
  again()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(statuses.get('ada')).toBeUndefined()
})
