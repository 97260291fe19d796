import { afterAll, beforeAll, expect, it } from 'vitest'
import * as Y from 'yjs'
import { query } from '../support/blocked-database.ts'
import { connectProvider } from '../support/provider.ts'
import { EMPTY_UPDATE, RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { readRoom } from '../support/typing.ts'

let server: TestServer
let token: string

beforeAll(async () => {
  server = await startServer()
  token = await server.token('ada')
})
afterAll(() => server.dispose())

/** Edits of one person, each as the update that brings it; the second builds on the first. */
function edits(...texts: readonly string[]) {
  const document = new Y.Doc()
  const updates: Uint8Array[] = []
  document.on('update', (update: Uint8Array) => updates.push(update))
  for (const text of texts) document.getArray('edits').push([text])
  const [first, second] = updates
  if (first === undefined || second === undefined) throw new Error('two texts are needed')
  return { first, second, both: Y.encodeStateAsUpdate(document) }
}

/** An edit and its deletion, each as the update that brings it. */
function insertedAndDeleted() {
  const document = new Y.Doc()
  const updates: Uint8Array[] = []
  document.on('update', (update: Uint8Array) => updates.push(update))
  document.getArray('edits').push(['gone'])
  document.getArray('edits').delete(0)
  const [insertion, deletion] = updates
  if (insertion === undefined || deletion === undefined) throw new Error('there is no deletion')
  return { insertion, deletion, both: Y.encodeStateAsUpdate(document) }
}

const entries = async (room: string): Promise<number> => {
  const [row] = await query<{ head: string }>(server.databaseUrl, 'select head from rooms where name = $1', [
    room,
  ])
  return Number(row?.head)
}

it('[DOC4] does not acknowledge an update with a clock gap, which stock Hocuspocus does; SyncStep2 brings both', async () => {
  const { second, both } = edits('one', 'two')
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room: 'doc:gap', token })
  await client.ask()
  client.update(second)
  await client.handled()
  expect(client.statuses).toEqual([])
  expect(await entries('doc:gap')).toBe(0)

  client.step2(both)
  await until(() => client.statuses.length === 2)
  expect(client.statuses).toEqual([true, true])
  expect(client.closed).toBeUndefined()
  client.close()
  expect(await readRoom(server, 'doc:gap')).toEqual(['one', 'two'])
})

it('[DOC4] acknowledges it by no SyncStep2 that does not bring it, as the answer to an earlier question may be', async () => {
  const { second, both } = edits('one', 'two')
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room: 'doc:stale', token })
  await client.ask()
  client.update(second)
  client.step2(EMPTY_UPDATE)
  await client.handled()
  expect(client.statuses).toEqual([])

  client.step2(both)
  await until(() => client.statuses.length === 3)
  expect(client.closed).toBeUndefined()
  client.close()
  expect(await readRoom(server, 'doc:stale')).toEqual(['one', 'two'])
})

it('[DOC4] acknowledges a deletion of what is unseen once it is deleted, and not as soon as it is there', async () => {
  const { insertion, deletion, both } = insertedAndDeleted()
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room: 'doc:half', token })
  await client.ask()
  client.update(deletion)
  client.step2(insertion)
  await client.handled()
  expect(client.statuses).toEqual([])
  client.step2(both)
  await until(() => client.statuses.length === 3)
  client.close()
  expect(await readRoom(server, 'doc:half')).toEqual([])
})

it('[DOC4] closes the WebSocket on a gap after the handshake, for only a new handshake can bring what is missing', async () => {
  const { second } = edits('one', 'two')
  const other = connectProvider({ wsUrl: server.wsUrl, room: 'doc:late', token: await server.token('bob') })
  await other.saved()
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room: 'doc:late', token })
  await client.shake()
  await until(() => client.statuses.length === 1)

  client.update(second)
  client.update(second)
  client.update(second)
  await until(() => client.closed !== undefined)
  expect(client.statuses).toEqual([true])
  expect(client.closed?.reason).toBe('update-out-of-order')
  expect(client.closeMessages).toEqual(['update-out-of-order'])
  expect(client.stateless.map((payload) => JSON.parse(payload))).toMatchObject([
    { type: 'reject', id: null, code: 'update-out-of-order' },
  ])
  expect(server.output().match(/update-out-of-order/g)).toHaveLength(1)

  other.edits.push(['unharmed'])
  await other.saved()
  other.destroy()
  expect(await readRoom(server, 'doc:late')).toEqual(['unharmed'])
})

it('[DOC4] closes the WebSocket when the handshake itself leaves a gap, and acknowledges nothing', async () => {
  const { second } = edits('one', 'two')
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room: 'doc:holey', token })
  await client.shake(second)
  await until(() => client.closed !== undefined)
  expect(client.statuses).toEqual([])
  expect(client.closed?.reason).toBe('update-out-of-order')
  expect(await entries('doc:holey')).toBe(0)
})

it('[DOC4] sends nobody what is pending, which stock Hocuspocus hands to everyone for ever', async () => {
  const { first, second } = edits('one', 'two')
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room: 'doc:pending', token })
  await client.ask()
  client.update(second)
  await client.handled()
  const reader = connectProvider({ wsUrl: server.wsUrl, room: 'doc:pending', token })
  await reader.saved()
  expect(reader.document.store.pendingStructs).toBeNull()

  // Nor does it surface of itself once what it builds on arrives: its sender was not told that it is saved.
  client.update(first)
  await reader.holds('one')
  await client.handled()
  expect(reader.edits.toArray()).toEqual(['one'])
  // Nor that what came after it is: by its order that would be taken for the one that is missing.
  expect(client.statuses).toEqual([])
  reader.destroy()
  client.close()
})

it('[DOC4] takes deletions of what it has not seen for a gap as well', async () => {
  const { deletion, both } = insertedAndDeleted()
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room: 'doc:deletion', token })
  await client.ask()
  client.update(deletion)
  await client.handled()
  expect(client.statuses).toEqual([])
  client.step2(both)
  await until(() => client.statuses.length === 2)
  client.close()
  expect(await readRoom(server, 'doc:deletion')).toEqual([])
})
