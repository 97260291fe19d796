import { expect, it, onTestFinished } from 'vitest'
import { ActivityFeed } from '../../client/sdk/activity/feed.ts'
import type { Api } from '../../client/sdk/api.ts'
import type { Room } from '../../client/sdk/index.ts'

/** A list whose questions are answered when the test says so. */
function listening() {
  const asked: ((now: string) => void)[] = []
  const api = {
    get: () =>
      new Promise((resolve) => asked.push((now) => resolve({ items: [], next: null, now, more: false }))),
  }
  let signal = () => {}
  const room = {
    status: 'online',
    onSignal: (_: string, listener: () => void) => {
      signal = listener
      return () => undefined
    },
    subscribe: () => () => undefined,
    release: () => undefined,
  }
  const feed = new ActivityFeed(api as unknown as Api, room as unknown as Room, '7', {})
  onTestFinished(() => feed.close())
  return {
    feed,
    asked,
    signal: () => signal(),
    /** Answers the question that was asked longest ago, or the one at another place. */
    answer: async (now: string, place = 0) => {
      asked.splice(place, 1)[0]?.(now)
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

it('[ACT21] asks for what a signal tells of, though an answer comes that is too late for the list', async () => {
  const { feed, asked, signal, answer } = listening()
  await answer('first page')
  feed.reload()
  expect(asked.length).toBe(2)
  await answer('page read anew', 1)
  signal()
  await answer('news of the first page')
  expect(asked.length).toBe(1)
  await answer('news')
  expect(asked.length).toBe(0)
})
