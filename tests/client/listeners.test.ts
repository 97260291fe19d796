import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { LiveMetrics } from '../../client/sdk/analytics/live-metrics.ts'
import { Tracker } from '../../client/sdk/analytics/tracker.ts'
import { Api } from '../../client/sdk/api.ts'
import { type Client, connect, type Room } from '../../client/sdk/index.ts'
import { startStock } from './stock-server.ts'

interface Telling {
  subscribe(listener: () => void): () => void
}

/** What is thrown to nobody until the test ends, which is no failure of the test. */
function thrown(): readonly unknown[] {
  const errors: unknown[] = []
  const caught = (error: unknown) => void errors.push(error)
  const before = process.listeners('uncaughtException')
  for (const listener of before) process.off('uncaughtException', listener)
  process.on('uncaughtException', caught)
  onTestFinished(() => {
    process.off('uncaughtException', caught)
    for (const listener of before) process.on('uncaughtException', listener)
  })
  return errors
}

function client(url: string): Client {
  const made = connect({ url, token: 'token', user: { id: 'ada', name: 'Ada' } })
  onTestFinished(() => made.destroy())
  return made
}

const fails = (): never => {
  throw new Error('a listener of the application')
}

describe('a listener that throws', () => {
  it('[SDK6] of the client, keeps it neither from being back after a cut, nor others from being told', async () => {
    const stock = await startStock()
    const errors = thrown()
    const mine = client(stock.url)
    const room = mine.room('doc:a')
    await room.whenSaved()
    const seen: string[] = []
    const stop = mine.subscribe(fails)
    let told = 0
    mine.subscribe(() => {
      told += 1
      if (seen.at(-1) !== mine.status) seen.push(mine.status)
    })
    stock.cut()
    await vi.waitUntil(() => room.status === 'offline', { timeout: 8_000 })
    room.doc.getText('content').insert(0, 'written offline')
    stock.restore()
    await room.whenSaved()
    stop()
    expect(seen).toEqual(['offline', 'online'])
    expect(errors).toHaveLength(told)
  })

  const nowhere = 'ws://127.0.0.1:1/sync'
  const api = () =>
    new Api(nowhere, {
      get: () => Promise.reject(new Error('signed out')),
      refuse: () => undefined,
    })
  const room: Pick<Room, 'status' | 'subscribe' | 'release'> = {
    status: 'offline',
    subscribe: () => () => undefined,
    release: () => undefined,
  }

  it.each<[string, () => Telling]>([
    [
      'a feed',
      () => {
        const feed = client(nowhere).activity('site')
        onTestFinished(() => feed.close())
        return feed
      },
    ],
    [
      'tracking',
      () => {
        const tracker = new Tracker(api(), 'analytics:acme')
        setImmediate(() => tracker.track('opened', 1, {}))
        return tracker
      },
    ],
    [
      'live metrics',
      () => {
        const source = { metrics: () => Promise.reject(new Error('away')), subscribe: () => () => undefined }
        const live = new LiveMetrics(source, room, {})
        onTestFinished(() => live.close())
        return live
      },
    ],
  ])('[SDK6] of %s, keeps no other from being told', async (_, make) => {
    const errors = thrown()
    const telling = make()
    const told = vi.fn()
    const stop = telling.subscribe(fails)
    telling.subscribe(told)
    await vi.waitUntil(() => errors.length > 0, { timeout: 8_000 })
    stop()
    expect(told).toHaveBeenCalled()
    expect(errors[0]).toMatchObject({ message: 'a listener of the application' })
  })
})
