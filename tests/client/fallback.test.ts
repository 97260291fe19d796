import { HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { HttpSocket } from '../../client/sdk/http-socket.ts'
import { type Client, connect, type Room } from '../../client/sdk/index.ts'
import { type Network, type NetworkProxy, startProxy } from '../support/network-proxy.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.dispose())

const GRANTS = { 'doc:*': 'write', 'build:*': 'write' } as const
const BLOCKED = { upgrades: false }
const soon = { timeout: 20_000, interval: 10 }

async function behind(network: Partial<Network>): Promise<NetworkProxy> {
  const proxy = await startProxy(server.url, network)
  onTestFinished(() => proxy.close())
  return proxy
}

function client(id: string, url: string): Client {
  const made = connect({ url, token: () => server.token(id, GRANTS), user: { id, name: id }, offline: false })
  onTestFinished(() => made.destroy())
  return made
}

const list = (room: Room) => room.doc.getArray<string>('list')
const others = (room: Room) => room.getPeople().filter(({ self }) => !self)

/** A stock provider over HTTP, for what it is told besides edits. */
async function overHttp(url: string, room: string, user: string): Promise<Replica> {
  const socket = new HocuspocusProviderWebsocket({
    url: `${url.replace('http', 'ws')}/sync`,
    WebSocketPolyfill: HttpSocket,
  })
  const replica = connectProvider({ wsUrl: '', room, token: await server.token(user, GRANTS), socket })
  onTestFinished(() => {
    replica.destroy()
    socket.destroy()
  })
  await replica.synced()
  return replica
}

const say = (replica: Replica, envelope: unknown): void =>
  replica.provider.sendStateless(JSON.stringify(envelope))
const told = (replica: Replica, type: string) =>
  replica.stateless.map((text) => JSON.parse(text)).filter((envelope) => envelope.type === type)

/** Two people write, and see what the other wrote and that they are there. */
async function writeTogether(one: Room, other: Room, words: number): Promise<void> {
  for (let i = 0; i < words; i += 1) {
    list(one).push([`one ${i}`])
    list(other).push([`other ${i}`])
  }
  await Promise.all([one.whenSaved(), other.whenSaved()])
  await vi.waitUntil(() => list(one).length === 2 * words && list(other).length === 2 * words, soon)
  expect(list(one).toArray()).toEqual(list(other).toArray())
  expect(new Set(list(one).toArray()).size).toBe(2 * words)
  await vi.waitUntil(() => others(one).length === 1 && others(other).length === 1, soon)
}

it.each<[string, Partial<Network>]>([
  ['refuses WebSockets', BLOCKED],
  ['refuses WebSockets and holds answers back', { ...BLOCKED, buffers: true }],
])(
  '[EVT30] edits and presence go on by themselves behind a proxy that %s',
  async (_, network) => {
    const proxy = await behind(network)
    const room = `doc:${proxy.url.split(':').at(-1)}`
    const ada = client('ada', proxy.url)
    const bob = client('bob', proxy.url)
    const [one, other] = [ada.room(room), bob.room(room)]
    await Promise.all([one.whenSynced(), other.whenSynced()])
    expect([ada.getState().transport, bob.getState().transport]).toEqual(['http', 'http'])
    expect(proxy.refused).toBeGreaterThanOrEqual(4)
    await writeTogether(one, other, 50)
  },
  60_000,
)

it.each<[string, Partial<Network>]>([
  ['refuses WebSockets', BLOCKED],
  ['refuses WebSockets and holds answers back', { ...BLOCKED, buffers: true }],
])(
  '[EVT30] events are published, told and resumed behind a proxy that %s',
  async (_, network) => {
    const proxy = await behind(network)
    const room = `build:${proxy.url.split(':').at(-1)}`
    const ada = await overHttp(proxy.url, room, 'ada')
    const eve = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token('eve', GRANTS) })
    onTestFinished(() => eve.destroy())
    await eve.synced()
    const seen = (replica: Replica) => told(replica, 'event').flatMap(({ events }) => events)
    say(eve, { type: 'resume', after: 0 })
    for (let i = 0; i < 200; i += 1)
      say(ada, { type: 'publish', events: [{ type: 'build.progress', id: `a${i}`, payload: { share: 0 } }] })
    await until(() => told(ada, 'ack').flatMap(({ events }) => events).length === 200, 20_000)
    say(ada, { type: 'resume', after: 150 })
    say(eve, { type: 'publish', events: [{ type: 'build.progress', id: 'last', payload: { share: 1 } }] })
    await until(() => seen(ada).length >= 51 && seen(eve).length >= 201, 20_000)
    expect(seen(eve).map(({ seq }) => seq)).toEqual(Array.from({ length: 201 }, (_, i) => i + 1))
    expect(seen(ada).map(({ seq }) => seq)).toEqual(Array.from({ length: 51 }, (_, i) => i + 151))
  },
  60_000,
)

it('[EVT30] has a control: nothing of an answer that goes on comes through a proxy that holds it back', async () => {
  const proxy = await behind({ buffers: true })
  const opened = await fetch(`${proxy.url}/sync/http`, { method: 'POST' })
  const { session } = (await opened.json()) as { session: string }
  const asked = fetch(`${proxy.url}/sync/http`, {
    headers: { 'syncline-session': session, 'syncline-received': '0' },
    signal: AbortSignal.timeout(1_000),
  })
  await expect(asked).rejects.toThrow()
  const direct = await fetch(`${server.url}/sync/http`, {
    headers: { 'syncline-session': session, 'syncline-received': '0' },
  })
  const { done } = (await direct.body?.getReader().read()) ?? { done: true }
  expect(done).toBe(false)
})

it('[EVT31] goes back to WebSockets when they work again, while people write: nothing is lost or doubled', async () => {
  const proxy = await behind(BLOCKED)
  const ada = client('ada', proxy.url)
  const bob = client('bob', server.url)
  const [one, other] = [ada.room('doc:back'), bob.room('doc:back')]
  await Promise.all([one.whenSynced(), other.whenSynced()])
  expect(ada.getState().transport).toBe('http')
  expect(bob.getState().transport).toBe('websocket')
  let written = 0
  const typing = setInterval(() => {
    list(one).push([`one ${written}`])
    list(other).push([`other ${written}`])
    written += 1
  }, 5)
  onTestFinished(() => clearInterval(typing))
  await vi.waitUntil(() => written > 50, soon)
  proxy.network.upgrades = true
  await vi.waitUntil(() => ada.getState().transport === 'websocket' && one.getState().status === 'online', {
    timeout: 45_000,
    interval: 5,
  })
  const then = written
  await vi.waitUntil(() => written > then + 50, soon)
  clearInterval(typing)
  await Promise.all([one.whenSaved(), other.whenSaved()])
  await vi.waitUntil(() => list(one).length === 2 * written && list(other).length === 2 * written, soon)
  expect(new Set(list(one).toArray()).size).toBe(2 * written)
  expect(list(one).toArray()).toEqual(list(other).toArray())
  await vi.waitUntil(() => others(one).length === 1 && others(other).length === 1, soon)
}, 90_000)

it('[EVT31] stays with WebSockets where they work', async () => {
  const ada = client('ada', server.url)
  const room = ada.room('doc:direct')
  await room.whenSynced()
  expect(ada.getState()).toEqual({ status: 'online', transport: 'websocket', losing: false })
})

it('[EVT31] saves over HTTP what was typed when a network that blocks WebSockets came and the server was killed', async () => {
  const proxy = await behind({})
  const ada = client('ada', proxy.url)
  const room = ada.room('doc:killed')
  await room.whenSynced()
  expect(ada.getState().transport).toBe('websocket')
  proxy.network.upgrades = false
  await server.kill9()
  list(room).push(['typed while it was away'])
  await server.restart()
  await vi.waitUntil(() => room.saved === 'saved', { timeout: 40_000, interval: 10 })
  expect(ada.getState().transport).toBe('http')
  const bob = client('bob', server.url).room('doc:killed')
  await bob.whenSynced()
  expect(list(bob).toArray()).toEqual(['typed while it was away'])
}, 60_000)
