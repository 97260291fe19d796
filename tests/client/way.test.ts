import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { SocketClass } from '../../client/sdk/counted-socket.ts'
import { Way } from '../../client/sdk/way.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A WebSocket that does not get through. */
class Blocked extends EventTarget {
  static made = 0

  constructor() {
    super()
    Blocked.made += 1
    setTimeout(() => this.close(), 10)
  }

  close(): void {
    this.dispatchEvent(new Event('close'))
  }
}

it('[EVT31] looks for WebSockets soon after an outage, however often it looked in vain before', async () => {
  const way = new Way({
    url: 'ws://server/sync',
    WebSocket: Blocked as unknown as SocketClass,
    counted: (Base) => Base,
    better: () => undefined,
  })
  for (const _ of [1, 2]) {
    way.next()
    way.failed()
  }
  way.next()
  expect(way.transport).toBe('http')
  way.works()
  await vi.advanceTimersByTimeAsync(1_000_000)
  expect(Blocked.made).toBeGreaterThan(4)
  for (let tries = 0; tries < 6; tries += 1) {
    way.next()
    way.failed()
    await vi.advanceTimersByTimeAsync(3_000)
  }
  way.next()
  way.works()
  const { made } = Blocked
  await vi.advanceTimersByTimeAsync(30_000)
  expect(Blocked.made).toBeGreaterThan(made)
  way.rest()
})
