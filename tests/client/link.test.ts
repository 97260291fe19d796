import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import type { SocketClass } from '../../client/sdk/counted-socket.ts'
import { Link } from '../../client/sdk/link.ts'
import { FakeSocket } from './fake-socket.ts'

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.made.length = 0
})
afterEach(() => void vi.useRealTimers())

function linkTelling(changed: (link: Link) => void): Link {
  const link: Link = new Link({
    url: 'ws://server/sync',
    WebSocket: FakeSocket as unknown as SocketClass,
    changed: () => changed(link),
  })
  onTestFinished(() => link.destroy())
  return link
}

/** Which way the third try goes after two sockets were opened and closed with that reason. */
async function thirdWay(reason: string): Promise<string> {
  const link = linkTelling(() => undefined)
  link.add({
    opened: () => undefined,
    closed: () => undefined,
    stranded: () => undefined,
    joined: false,
    receiving: false,
  })
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

it('[CLU26] goes on at once when a server leaves, is offline where none takes over in five seconds, and asks no server at once for ever', async () => {
  const told: string[] = []
  const link = linkTelling(({ status }) => told.push(status))
  link.add({
    opened: () => told.push('opened'),
    closed: (refused, moving) => told.push(`closed ${refused?.code ?? ''} ${moving}`),
    stranded: () => told.push('stranded'),
    joined: false,
    receiving: false,
  })
  const leave = (at: number) => {
    const socket = FakeSocket.made[at]
    socket?.open()
    socket?.dispatchEvent(new CloseEvent('close', { code: 1012, reason: 'shutting-down' }))
    return vi.advanceTimersByTimeAsync(0)
  }
  await vi.advanceTimersByTimeAsync(0)
  await leave(0)
  expect(told.splice(0)).toEqual(['online', 'opened', 'closed  true'])
  expect(FakeSocket.made).toHaveLength(2)
  await leave(1)
  expect(told.splice(0)).toEqual(['online', 'opened', 'closed  true'])
  expect(FakeSocket.made).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(5_000)
  expect(told).toEqual(['offline', 'stranded'])
  expect(FakeSocket.made.length).toBeGreaterThan(2)
})

it('[CLU26] is online while it moves again, also where the five seconds of the move before end between the end of a socket and its reason', async () => {
  const told: string[] = []
  const link = linkTelling(({ status }) => told.push(status))
  link.add({
    opened: () => undefined,
    closed: () => undefined,
    stranded: () => undefined,
    joined: true,
    receiving: false,
  })
  const newest = () => vi.waitUntil(() => FakeSocket.made.at(-1))
  const left = new CloseEvent('close', { code: 1012, reason: 'shutting-down' })
  const first = await newest()
  first?.open()
  first?.dispatchEvent(left)
  await vi.advanceTimersByTimeAsync(0)
  const second = await newest()
  expect(second).not.toBe(first)
  second?.open()
  // WebSocket.CLOSING: the server has said goodbye, and the connection is still there.
  if (second !== undefined) second.readyState = 2
  await vi.advanceTimersByTimeAsync(5_000)
  second?.dispatchEvent(new CloseEvent('close', { code: 1012, reason: 'shutting-down' }))
  await vi.advanceTimersByTimeAsync(0)
  const third = await newest()
  expect(third).not.toBe(second)
  third?.open()
  expect(new Set(told)).toEqual(new Set(['online']))
})
