import type { Connection } from '@hocuspocus/server'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'
import { identityOf } from '../../server/realtime/authorization.ts'
import { blockWrites } from '../support/blocked-database.ts'
import { startGateway } from '../support/gateway.ts'
import { connectProvider, connectSocket, type Replica } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { SECRET, type TokenOptions, tokenOf } from '../support/tokens.ts'

const env = { JWT_SECRET: SECRET }
let server: TestServer
const admin = tokenOf('root', { grants: { '*:*': 'admin' } })

beforeAll(async () => {
  server = await startServer({ env })
})
afterAll(() => server.dispose())

function join(room: string, token: Replica['provider']['configuration']['token'], at = server): Replica {
  const replica = connectProvider({ wsUrl: at.wsUrl, room, token: token as string })
  onTestFinished(() => replica.destroy())
  return replica
}

async function raw(room: string, token: string, at = server): Promise<RawClient> {
  const client = await RawClient.connect({ wsUrl: at.wsUrl, room, token })
  onTestFinished(() => client.cut())
  return client
}

async function revoke(
  subject: { readonly user?: string; readonly room?: string },
  at = server,
): Promise<void> {
  const answer = await fetch(`${at.url}/api/v1/access/revoke`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${admin}` },
    body: JSON.stringify(subject),
  })
  expect(answer.status).toBe(200)
}

/** Issued before any revocation of these tests, or after all of them. */
const old = (user: string, options: TokenOptions = {}) => tokenOf(user, { issued: -300, ...options })
const newer = (user: string, options: TokenOptions = {}) => tokenOf(user, { issued: 20, ...options })

const update = (edit: string): Uint8Array => {
  const document = new Y.Doc()
  document.getArray('edits').push([edit])
  return Y.encodeStateAsUpdate(document)
}

/** A gateway whose first frame in `room` waits until it is let go, with twenty more updates behind it. */
async function queued(room: string) {
  const gate = Promise.withResolvers<void>()
  let connection: Connection | undefined
  const gateway = await startGateway([
    {
      connected: async (data) => {
        if (identityOf(data.context)?.user === 'mallory') connection = data.connection
      },
      beforeSync: async (data) => {
        if (identityOf(data.context)?.user === 'mallory') await gate.promise
      },
    },
  ])
  const client = await RawClient.connect({ wsUrl: gateway.wsUrl, room, token: old('mallory') })
  onTestFinished(() => client.cut())
  for (let index = 0; index < 20; index += 1) client.update(update(`queued ${index}`))
  await until(() => (Reflect.get(connection ?? {}, 'messageQueue')?.length ?? 0) === 20)
  const document = gateway.hocuspocus.documents.get(room)
  if (document === undefined || connection === undefined) throw new Error('not joined')
  document.addDirectConnection() // it stays loaded when the last one leaves
  const held = connection
  return {
    gateway,
    client,
    connection: held,
    applied: () => document.getArray('edits').length,
    letGo: async () => {
      gate.resolve()
      await held.waitForPendingMessages()
      await new Promise(setImmediate)
    },
  }
}

it('[RT20] applies none of 20 updates that wait when their sender is revoked', async () => {
  const { gateway, client, applied, letGo } = await queued('doc:queued')
  gateway.revoke({ user: 'mallory' })
  await letGo()
  await until(() => client.closed !== undefined)
  expect(applied()).toBe(0)
  expect(client.statuses).toEqual([])
})

it('[RT20] negative control: closing connections as stock Hocuspocus does applies what waits', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined)
  onTestFinished(() => void vi.restoreAllMocks())
  const { gateway, applied, letGo } = await queued('doc:stock')
  gateway.hocuspocus.closeConnections('doc:stock')
  await letGo()
  expect(applied()).toBeGreaterThan(0)
})

it('[RT20] sends nothing more: no broadcast, and no acknowledgement that is still held', async () => {
  const [ada, mallory] = await Promise.all([
    raw('doc:bytes', old('ada')),
    raw('doc:bytes', old('mallory', { grants: { 'doc:bytes': 'write' } })),
  ])
  await Promise.all([ada.shake(), mallory.shake()])
  await until(() => ada.acknowledgements === 1 && mallory.acknowledgements === 1)
  const release = await blockWrites(server.databaseUrl)
  mallory.update(update('not yet committed'))
  await mallory.handled()
  await revoke({ user: 'mallory', room: 'doc:bytes' })
  const revokedAt = performance.now()
  await until(() => mallory.closed !== undefined)
  const heard = mallory.updates.length
  await release()
  ada.update(update('a secret'))
  await until(() => ada.acknowledgements === 2)
  expect(mallory.closed?.reason).toBe('revoked')
  expect(mallory.stateless.at(-1)).toMatch(/"code":"revoked".*"retryable":false/)
  expect(mallory.heardAt - revokedAt).toBeLessThan(1_000)
  expect([mallory.updates.length, mallory.acknowledgements]).toEqual([heard, 1])
})

it.each([
  ['their bytes wait to be sent', 64 * 1024 * 1024],
  ['they are being closed as a slow reader', 64 * 1024],
])('[RT20] is over within a second for one who reads nothing, while %s', async (_, outboundBytes) => {
  const gateway = await startGateway([], { outboundBytes })
  const client = await RawClient.connect({ wsUrl: gateway.wsUrl, room: 'doc:slow', token: old('mallory') })
  onTestFinished(() => client.cut())
  await client.shake()
  client.freeze()
  const document = gateway.hocuspocus.documents.get('doc:slow')
  // More than both systems keep between them.
  for (let index = 0; index < 20; index += 1) {
    document?.getMap('big').set('value', 'x'.repeat(1_000_000))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(gateway.connections.size).toBe(1)
  gateway.revoke({ user: 'mallory' })
  // One that is ended as others are has two seconds to say goodbye, and whoever reads nothing never does.
  await until(() => gateway.connections.size === 0, 1_900)
})

it('[RT20] ends a join whose document is still being loaded, and shows it nothing', async () => {
  const loaded = Promise.withResolvers<void>()
  const gateway = await startGateway([{ onLoadDocument: () => loaded.promise }])
  const client = await RawClient.connect({ wsUrl: gateway.wsUrl, room: 'doc:loading', token: old('mallory') })
  onTestFinished(() => client.cut())
  gateway.revoke({ room: 'doc:loading' })
  loaded.resolve()
  await until(() => client.closed !== undefined)
  expect(client.updates).toEqual([])
  expect(client.closed?.reason).toBe('revoked')
})

it('[RT20] ends it also where another session of the room was denied over the same WebSocket meanwhile', async () => {
  const loaded = Promise.withResolvers<void>()
  const gateway = await startGateway([{ onLoadDocument: () => loaded.promise }])
  const client = await RawClient.connect({
    wsUrl: gateway.wsUrl,
    room: 'doc:twice\0first',
    token: old('mallory'),
  })
  onTestFinished(() => client.cut())
  client.authenticate('no token', 'doc:twice\0second')
  await until(() => client.denials.length > 0)
  expect([client.denials, client.closed]).toEqual([['token-invalid'], undefined])
  gateway.revoke({ user: 'mallory' })
  loaded.resolve()
  await until(() => client.closed !== undefined)
  expect(client.closed?.reason).toBe('revoked')
  expect(client.updates).toEqual([])
})

it('[RT21] refuses a token of before the revocation, here, on another node and after a restart; takes a newer one', async () => {
  const other = await startServer({ env: { ...env, DATABASE_URL: server.databaseUrl } })
  onTestFinished(() => other.dispose())
  // The quickest of three: a machine that does something else may make it late, and nothing makes it early.
  const took: number[] = []
  for (const user of ['noah', 'nora', 'nina']) {
    const there = await raw('doc:nodes', old(user), other)
    await there.shake()
    const from = performance.now()
    await revoke({ user })
    await until(() => there.closed !== undefined)
    took.push(performance.now() - from)
  }
  expect(Math.min(...took)).toBeLessThan(1_000)
  for (const node of [server, other]) {
    expect((await raw('doc:nodes', old('nina'), node)).denials).toEqual(['revoked'])
    expect((await raw('doc:nodes', newer('nina'), node)).denials).toEqual([])
    expect((await raw('doc:nodes', old('olaf'), node)).denials).toEqual([])
  }
  await other.kill9()
  await other.restart()
  expect((await raw('doc:nodes', old('nina'), other)).denials).toEqual(['revoked'])
  expect((await raw('doc:nodes', newer('nina'), other)).denials).toEqual([])
})

it('[RT21] takes away what is named and no more: a person in a room, a room of everybody', async () => {
  const both = { grants: { 'doc:*': 'write' } } as const
  await revoke({ user: 'pia', room: 'doc:one' })
  expect((await raw('doc:one', old('pia', both))).denials).toEqual(['revoked'])
  expect((await raw('doc:two', old('pia', both))).denials).toEqual([])
  expect((await raw('doc:one', old('quin', both))).denials).toEqual([])
  await revoke({ room: 'doc:two' })
  expect((await raw('doc:two', old('quin', both))).denials).toEqual(['revoked'])
  expect((await raw('doc:one', old('quin', both))).denials).toEqual([])
})

it('[RT21] lets the other rooms of the same WebSocket come back by themselves', async () => {
  const socket = connectSocket(server.wsUrl)
  onTestFinished(() => socket.destroy())
  const rooms = ['doc:taken', 'doc:kept'].map((room) =>
    connectProvider({ wsUrl: server.wsUrl, room, token: old('rosa'), socket }),
  )
  onTestFinished(() => rooms.forEach((room) => void room.destroy()))
  const [taken, kept] = rooms
  if (taken === undefined || kept === undefined) throw new Error('no rooms')
  await Promise.all([taken.saved(), kept.saved()])
  let back = 0
  kept.provider.on('synced', () => (back += 1))
  await revoke({ user: 'rosa', room: 'doc:taken' })
  await until(() => back > 0 && taken.denials.length > 0)
  expect(taken.denials).toContain('revoked')
  expect(kept.denials).toEqual([])
  expect(kept.stateless).toEqual([])
})

it('[RT22] shows an expired reader nothing more, and says why', async () => {
  const writer = join('doc:expiry', tokenOf('ada'))
  await writer.saved()
  const timer = setInterval(() => writer.edits.push(['more']), 20)
  onTestFinished(() => clearInterval(timer))
  const end = Date.now() + 2_000
  const reader = await raw(
    'doc:expiry',
    old('rita', { issued: -100, expires: -28, grants: { 'doc:*': 'read' } }),
  )
  await reader.shake()
  await until(() => reader.closed !== undefined)
  expect(reader.closed?.reason).toBe('token-expired')
  expect(reader.stateless.at(-1)).toMatch(/"code":"token-expired".*"retryable":true/)
  expect(Math.abs(Date.now() - end)).toBeLessThan(1_200)
  const heard = reader.updates.length
  expect(heard).toBeGreaterThan(10)
  await writer.saved()
  expect(reader.updates.length).toBe(heard)
})

it('[RT23] asks for a new token at 80 % of the life of the one it has, once, and not before', async () => {
  const from = Date.now()
  const client = await raw('doc:renew', tokenOf('ada', { issued: -6, expires: 4 }))
  await client.shake()
  expect(client.tokenRequests).toBe(0)
  await until(() => client.tokenRequests > 0)
  // Whole seconds of iat and exp: 1 to 2 s from there, and before it ends.
  expect(Date.now() - from).toBeGreaterThan(800)
  expect(Date.now() - from).toBeLessThan(4_000)
  client.authenticate(tokenOf('ada', { issued: -6, expires: 4 }))
  await client.handled()
  expect(client.tokenRequests).toBe(1)
})

it('[RT23] keeps a stock provider that answers; one that has no other token is closed at the end of it', async () => {
  const ending = { issued: -100, expires: -27 }
  let asked = 0
  const renewing = join('doc:renewing', async () => {
    asked += 1
    return asked === 1 ? tokenOf('ada', ending) : tokenOf('ada')
  })
  const stuck = join('doc:renewing', tokenOf('bob', ending))
  await Promise.all([renewing.synced(), stuck.synced()])
  await until(() => stuck.closes.length > 0)
  expect(stuck.closes).toContain('token-expired')
  expect(asked).toBe(2)
  expect(renewing.closes).toEqual([])
  renewing.edits.push(['still here'])
  await renewing.saved()
})

it('[RT24] lets who was given less join again with what they have now', async () => {
  let token = tokenOf('ada')
  const replica = join('doc:less', async () => token)
  await replica.saved()
  replica.edits.push(['as a writer'])
  await replica.saved()
  token = tokenOf('ada', { grants: { 'doc:*': 'read' } })
  await replica.provider.sendToken()
  await until(() => replica.closes.length > 0)
  expect(replica.stateless.at(-1)).toMatch(/"code":"read-only"/)
  await until(() => replica.provider.isSynced)
  expect(replica.provider.authorizedScope).toBe('readonly')
  token = tokenOf('ada', { grants: { 'doc:other': 'write' } })
  await replica.provider.sendToken()
  await until(() => replica.denials.length > 0)
  expect(replica.denials[0]).toBe('forbidden')
})
