import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { SyncType, syncFrame } from '../../server/realtime/frames.ts'
import { query } from '../support/blocked-database.ts'
import { connectProvider, connectSocket, type Replica } from '../support/provider.ts'
import { EMPTY_UPDATE, RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer
let token: string

beforeAll(async () => {
  server = await startServer()
  token = await server.token('ada')
})
afterAll(() => server.dispose())

function join(room: string, as = token, socket?: Replica['provider']['configuration']['websocketProvider']) {
  const replica = connectProvider({ wsUrl: server.wsUrl, room, token: as, ...(socket && { socket }) })
  onTestFinished(() => replica.destroy())
  return replica
}

const update = (): Uint8Array => {
  const document = new Y.Doc()
  document.getArray('edits').push(['from a reader'])
  return Y.encodeStateAsUpdate(document)
}

/** An update that builds on one which nobody has sent. */
function gap(): Uint8Array {
  const document = new Y.Doc()
  document.getArray('edits').push(['unseen'])
  const before = Y.encodeStateVector(document)
  document.getArray('edits').push(['seen'])
  return Y.encodeStateAsUpdate(document, before)
}

it('[RT1] serves unchanged providers: edits, presence and messages reach the others, and a new one finds it all', async () => {
  const ada = join('doc:stock')
  const bob = join('doc:stock', await server.token('bob'))
  await Promise.all([ada.saved(), bob.saved()])
  ada.provider.setAwarenessField('user', { color: '#123456' })
  ada.edits.push(['one'])
  bob.edits.push(['two'])
  await Promise.all([ada.holds('one', 'two'), bob.holds('one', 'two'), ada.saved(), bob.saved()])
  await until(() =>
    [...(bob.provider.awareness?.getStates().values() ?? [])].some((s) => s.user?.color === '#123456'),
  )
  expect(ada.edits.toArray()).toEqual(bob.edits.toArray())
  const carol = join('doc:stock', await server.token('carol'))
  await carol.holds('one', 'two')
})

it('[RT3] has every room of a WebSocket back within 3 s of a refusal, where stock Hocuspocus took 34 s or for ever', async () => {
  const socket = connectSocket(server.wsUrl)
  onTestFinished(() => socket.destroy())
  const first = join('doc:back-1', token, socket)
  const second = join('doc:back-2', token, socket)
  await Promise.all([first.saved(), second.saved()])
  let synced = 0
  first.provider.on('synced', () => (synced += 1))
  second.provider.on('synced', () => (synced += 1))
  for (const bad of [gap(), new Uint8Array([1, 2, 3])]) {
    synced = 0
    first.edits.push(['before'])
    const from = Date.now()
    socket.send(syncFrame('doc:back-1', SyncType.update, bad))
    second.edits.push(['meanwhile'])
    await until(() => synced === 2, 3_000)
    await Promise.all([first.saved(), second.saved()])
    expect(Date.now() - from).toBeLessThan(3_000)
  }
  expect(first.stateless.map((payload) => JSON.parse(payload).code)).toEqual([
    'update-out-of-order',
    'update-malformed',
  ])
  const reader = join('doc:back-2', await server.token('reader'))
  await until(() => reader.edits.length === 2)
})

it('[ACC3] refuses who has no grant on a document that is open, and sends them none of it', async () => {
  const ada = join('doc:warm')
  await ada.saved()
  ada.edits.push(['secret'])
  await ada.saved()
  const stranger = await server.token('eve', { 'doc:other': 'write' })
  const eve = await RawClient.connect({ wsUrl: server.wsUrl, room: 'doc:warm', token: stranger })
  onTestFinished(() => eve.close())
  expect(eve.denials).toEqual(['forbidden'])
  eve.raw(syncFrame('doc:warm', SyncType.step1, new Uint8Array([0])))
  eve.update(update())
  ada.edits.push(['more'])
  await ada.saved()
  expect(eve.updates).toEqual([])
  expect(eve.statuses).toEqual([])
  expect(ada.edits.toArray()).toEqual(['secret', 'more'])
})

it('[ACC3] refuses a token that is none, and none at all', async () => {
  for (const [bad, code] of [
    ['', 'token-missing'],
    ['nonsense', 'token-invalid'],
  ] as const) {
    const client = await RawClient.connect({ wsUrl: server.wsUrl, room: 'doc:warm', token: bad })
    onTestFinished(() => client.close())
    expect(client.denials).toEqual([code])
  }
})

it('[DOC2] creates an absent room for those who may write, and says to others that there is none', async () => {
  const reader = await server.token('rita', { 'doc:*': 'read' })
  const early = await RawClient.connect({ wsUrl: server.wsUrl, room: 'doc:new', token: reader })
  onTestFinished(() => early.close())
  expect(early.denials).toEqual(['room-not-found'])
  await join('doc:new').saved()
  const late = await RawClient.connect({ wsUrl: server.wsUrl, room: 'doc:new', token: reader })
  onTestFinished(() => late.close())
  expect(late.denials).toEqual([])
})

it("[ACC4] stores and shows nothing of a reader's edits, and says with each that it was not applied", async () => {
  const ada = join('doc:read')
  await ada.saved()
  const rita = await RawClient.connect({
    wsUrl: server.wsUrl,
    room: 'doc:read',
    token: await server.token('rita', { 'doc:read': 'read' }),
  })
  onTestFinished(() => rita.close())
  await rita.ask()
  rita.step2(EMPTY_UPDATE)
  rita.update(update())
  rita.step2(update())
  await until(() => rita.statuses.length === 3)
  expect(rita.statuses).toEqual([true, false, false])
  ada.edits.push(['by ada'])
  await ada.saved()
  expect(ada.edits.toArray()).toEqual(['by ada'])
  const entries = await query(
    server.databaseUrl,
    `select actor from room_updates u join rooms r on r.id = u.room_id where r.name = 'doc:read'`,
  )
  expect(entries).toEqual([{ actor: 'ada' }])
})

it('[ACC4] checks what a reader sends before Hocuspocus reads it', async () => {
  const rita = await RawClient.connect({
    wsUrl: server.wsUrl,
    room: 'doc:read',
    token: await server.token('rita', { 'doc:read': 'read' }),
  })
  await rita.ask()
  rita.step2(new Uint8Array([1, 128, 128, 128, 16, 1, 0]))
  await until(() => rita.closed !== undefined)
  expect(rita.closed?.reason).toBe('update-malformed')
})
