import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { SocketClass } from '../../client/sdk/counted-socket.ts'
import { Link } from '../../client/sdk/link.ts'
import { FakeSocket } from './fake-socket.ts'

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.made.length = 0
})
afterEach(() => void vi.useRealTimers())

/** Which way the third try goes after two sockets were opened and closed with that reason. */
async function thirdWay(reason: string): Promise<string> {
  const link = new Link({
    url: 'ws://server/sync',
    WebSocket: FakeSocket as unknown as SocketClass,
    changed: () => undefined,
  })
  link.add({ opened: () => undefined, closed: () => undefined, stranded: () => undefined, joined: false })
  for (const at of [0, 1]) {
    const socket = await vi.waitUntil(() => FakeSocket.made[at], { timeout: 30_000 })
    socket?.open()
    socket?.dispatchEvent(new CloseEvent('close', { code: 4_000, reason }))
  }
  await vi.advanceTimersByTimeAsync(10_000)
  const { transport } = link
  link.destroy()
  return transport
}

it('[EVT30] takes what the server itself refuses for no fault of WebSockets', async () => {
  vi.stubGlobal('fetch', () => new Promise(() => undefined))
  expect(await thirdWay('too-many-connections')).toBe('websocket')
  FakeSocket.made.length = 0
  expect(await thirdWay('')).toBe('http')
  vi.unstubAllGlobals()
})
