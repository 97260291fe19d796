import { HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import * as encoding from 'lib0/encoding'
import { expect, it, onTestFinished } from 'vitest'
import { HttpSocket } from '../../client/sdk/http-socket.ts'
import { encodeRecord, RecordType } from '../../server/records.ts'
import { ALLOWED_ORIGIN, startGateway, type TestGateway } from '../support/gateway.ts'
import { startProxy } from '../support/network-proxy.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { startServer, until } from '../support/server.ts'
import { tokenOf } from '../support/tokens.ts'

const httpUrl = ({ wsUrl }: { readonly wsUrl: string }) => `${wsUrl.replace('ws', 'http')}/http`

async function join(wsUrl: string, user = 'ada'): Promise<Replica & { socket: HocuspocusProviderWebsocket }> {
  const socket = new HocuspocusProviderWebsocket({ url: wsUrl, WebSocketPolyfill: HttpSocket })
  const replica = connectProvider({ wsUrl: '', room: 'doc:http', token: tokenOf(user), socket })
  onTestFinished(() => {
    replica.destroy()
    socket.destroy()
  })
  await replica.synced()
  return Object.assign(replica, { socket })
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => String(i))

it('[EVT32] takes each frame once and in order through a network that loses answers and breaks off', async () => {
  const taken: string[] = []
  const gateway = await startGateway([
    {
      onStateless: async ({ payload, document }) => {
        taken.push(payload)
        document.broadcastStateless(payload)
      },
    },
  ])
  const proxy = await startProxy(new URL(gateway.wsUrl).origin.replace('ws', 'http'), { losesAnswers: 30 })
  onTestFinished(() => proxy.close())
  const ada = await join(`${proxy.url.replace('http', 'ws')}/sync`)
  const closes = ada.closes.length
  for (const number of numbers(300)) {
    ada.provider.sendStateless(number)
    if (Number(number) % 60 === 30) proxy.cut()
    if (Number(number) % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await until(() => ada.stateless.length >= 300, 25_000)
  expect(taken).toEqual(numbers(300))
  expect(ada.stateless).toEqual(numbers(300))
  expect(ada.closes.length).toBe(closes)
  expect(proxy.lost).toBeGreaterThan(5)
}, 60_000)

/** A session opened by hand. */
async function session(
  gateway: TestGateway,
): Promise<(headers: object, body?: Uint8Array) => Promise<number>> {
  const opened = await fetch(httpUrl(gateway), { method: 'POST' })
  const { session: id } = (await opened.json()) as { session: string }
  return async (headers, body) => {
    const answer = await fetch(httpUrl(gateway), {
      method: 'POST',
      headers: { 'syncline-session': id, 'syncline-received': '0', ...headers },
      body: (body ?? new Uint8Array()) as Uint8Array<ArrayBuffer>,
    })
    return answer.status
  }
}

it('[EVT32] has a control: the same batch under another number is taken again, and one that is missing is noticed', async () => {
  const gateway = await startGateway()
  const frame = encodeRecord(RecordType.frame, new Uint8Array([1, 100, 2, 0, 0]))
  for (const [batch, body] of [
    ['2', new Uint8Array([1, 2, 3])],
    ['3', frame],
    ['x', frame],
  ] as const) {
    const post = await session(gateway)
    expect(await post({ 'syncline-batch': '1' }, frame)).toBe(204)
    expect(await post({ 'syncline-batch': '1' }, new Uint8Array([1, 2, 3]))).toBe(204)
    expect(await post({ 'syncline-batch': batch }, body)).toBe(400)
  }
})

it('[EVT33] tells who is revoked, and takes nothing more of them', async () => {
  const gateway = await startGateway()
  const ada = await join(gateway.wsUrl)
  gateway.revoke({ user: 'ada' })
  await until(() => ada.stateless.some((text) => text.includes('"revoked"')))
  await until(() => gateway.connections.size === 0)
})

it('[EVT33] counts sessions as connections, and ends those that show no token in time', async () => {
  const gateway = await startGateway([], { unauthenticatedPerAddress: 2, authenticateWithin: 500 })
  const open = async () => (await fetch(httpUrl(gateway), { method: 'POST' })).status
  expect([await open(), await open(), await open()]).toEqual([201, 201, 429])
  await until(() => gateway.connections.size === 0)
  expect(await open()).toBe(201)
})

it('[EVT33] refuses other origins, and knows no session but its own', async () => {
  const gateway = await startGateway()
  const open = (headers: Record<string, string>, method = 'POST') =>
    fetch(httpUrl(gateway), { method, headers })
  expect((await open({ origin: 'https://evil.example' })).status).toBe(403)
  const allowed = await open({ origin: ALLOWED_ORIGIN })
  expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([201, ALLOWED_ORIGIN])
  const preflight = await open({ origin: 'https://evil.example' }, 'OPTIONS')
  expect(preflight.headers.get('access-control-allow-origin')).toBeNull()
  const unknown = await open({ 'syncline-session': 'guessed' })
  expect(unknown.status).toBe(410)
  expect(await unknown.json()).toMatchObject({ error: { code: 'session-ended' } })
})

it('[EVT33] closes a session whose frame is too large, with the code of WebSockets', async () => {
  const gateway = await startGateway()
  const ada = await join(gateway.wsUrl)
  const codes: (number | undefined)[] = []
  ada.socket.on('close', ({ event }: { event: { code?: number } }) => codes.push(event.code))
  ada.socket.webSocket?.send(new Uint8Array(16 * 1024 * 1024 + 1))
  await until(() => codes.length === 1, 20_000)
  expect(codes).toEqual([1009])
})

it('[EVT33] lets go of a client that reads too slowly', async () => {
  const gateway = await startGateway([], { outboundBytes: 100_000 })
  const post = await session(gateway)
  const token = encoding.encode((encoder) => {
    encoding.writeVarString(encoder, 'doc:http')
    encoding.writeVarUint(encoder, 2)
    encoding.writeVarUint(encoder, 0)
    encoding.writeVarString(encoder, tokenOf('ada'))
  })
  expect(await post({ 'syncline-batch': '1' }, encodeRecord(RecordType.frame, token))).toBe(204)
  const bob = connectProvider({ wsUrl: gateway.wsUrl, room: 'doc:http', token: tokenOf('bob') })
  onTestFinished(() => bob.destroy())
  await bob.synced()
  const people = () => gateway.hocuspocus.documents.get('doc:http')?.connections.size
  await until(() => people() === 2)
  for (let i = 0; i < 5; i += 1) bob.edits.push(['x'.repeat(50_000)])
  await until(() => people() === 1)
  expect(gateway.logged.filter(({ code }) => code === 'slow-reader')).toHaveLength(1)
  await until(() => gateway.connections.size === 1)
})

it('[EVT33] lets go of a room and of a session at once when they are left', async () => {
  const gateway = await startGateway()
  const ada = await join(gateway.wsUrl)
  ada.destroy()
  await until(() => (gateway.hocuspocus.documents.get('doc:http')?.connections.size ?? 0) === 0)
  ada.socket.destroy()
  await until(() => gateway.connections.size === 0)
})

it('[EVT33] says that the server stops, and lets what was taken be committed', async () => {
  const server = await startServer()
  onTestFinished(() => server.dispose())
  const socket = new HocuspocusProviderWebsocket({ url: server.wsUrl, WebSocketPolyfill: HttpSocket })
  const replica = connectProvider({ wsUrl: '', room: 'doc:stop', token: await server.token('ada'), socket })
  await replica.synced()
  replica.edits.push(['before the stop'])
  await replica.saved()
  expect(await server.stop()).toBe(0)
  await until(() => replica.closes.includes('shutting-down'))
  replica.destroy()
  socket.destroy()
}, 60_000)
