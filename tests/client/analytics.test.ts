import { expect, it, onTestFinished, vi } from 'vitest'
import { Tracker } from '../../client/sdk/analytics/tracker.ts'
import type { Api } from '../../client/sdk/api.ts'
import { refusal } from '../../client/sdk/refusal.ts'

interface Sent {
  readonly id: string
  readonly measures: readonly { readonly name: string }[]
}

/** A tracker, and what it sends to a server that answers as it is told. */
function tracked(...answers: readonly (Error | 'counted')[]) {
  const sent: Sent[] = []
  const left = [...answers]
  const send = async (_method: string, _path: string, body: Sent) => {
    sent.push(body)
    const answer = left.shift() ?? 'counted'
    if (answer instanceof Error) throw answer
    return { counted: body.measures.length, refused: [] }
  }
  return { sent, tracker: new Tracker({ send } as unknown as Api, 'analytics:acme') }
}

const refused = (code: Parameters<typeof refusal>[0]) => new Error(code, { cause: refusal(code) })

it('[ANA12] what is not answered is sent again under its id, and what comes meanwhile under another', async () => {
  vi.useFakeTimers()
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const { sent, tracker } = tracked(new TypeError('fetch failed'), refused('rate-limited'))
  tracker.track('signup', 1, {})
  tracker.track('signup', 1, {})
  expect([sent.length, tracker.getState().waiting]).toEqual([0, 2])
  await vi.advanceTimersByTimeAsync(2_000)
  tracker.track('later', 1, {})
  await vi.advanceTimersByTimeAsync(30_000)
  expect(sent.map(({ measures }) => measures.map(({ name }) => name).join())).toEqual([
    'signup,signup',
    'signup,signup',
    'signup,signup',
    'later',
  ])
  expect(new Set(sent.slice(0, 3).map(({ id }) => id)).size).toBe(1)
  expect(sent[3]?.id).not.toBe(sent[0]?.id)
  expect(tracker.getState()).toEqual({ waiting: 0, counted: 3, dropped: 0, reason: undefined })
})

it('[ANA12] what is refused for good, or is too much, is dropped, and said to be, with the reason', async () => {
  const { sent, tracker } = tracked(refused('forbidden'))
  tracker.track('signup', 1, {})
  await tracker.flush()
  expect(tracker.getState()).toMatchObject({
    waiting: 0,
    counted: 0,
    dropped: 1,
    reason: { code: 'forbidden' },
  })
  const away = tracked(...Array.from({ length: 1_000 }, () => new TypeError('fetch failed')))
  for (let n = 0; n < 10_005; n += 1) away.tracker.track('flood', 1, {})
  expect(away.tracker.getState()).toMatchObject({
    waiting: 10_000,
    dropped: 5,
    reason: { code: 'outbox-full' },
  })
  // A page that goes tries once more, and then says what is lost.
  await away.tracker.close()
  expect(away.tracker.getState()).toMatchObject({ waiting: 0, counted: 0, dropped: 10_005 })
  for (const [name, value, labels] of [
    ['a b', 1, {}],
    ['syncline.refused', 1, {}],
    ['a', Number.NaN, {}],
    ['a', 1, { 'b c': '' }],
    ['a', 1, { b: 'c'.repeat(101) }],
    ['a', 1, Object.fromEntries([...'abcd'].map((key) => [key, '𝛼'.repeat(100)]))],
  ] as const)
    expect(() => tracker.track(name, value, labels)).toThrow(RangeError)
  expect(sent.length).toBe(1)
})
