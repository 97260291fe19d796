import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { blockWrites, query } from '../support/blocked-database.ts'
import { connectProvider } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { readRoom } from '../support/typing.ts'

let server: TestServer
let token: string

beforeAll(async () => {
  server = await startServer()
  token = await server.token('ada')
})
afterAll(() => server.dispose())

/** So many pushes of one person, each as the update that brings it. */
function pushes(count: number): readonly Uint8Array[] {
  const document = new Y.Doc()
  const updates: Uint8Array[] = []
  document.on('update', (update: Uint8Array) => updates.push(update))
  for (let index = 0; index < count; index += 1) document.getArray('edits').push([String(index)])
  return updates
}

async function join(room: string): Promise<RawClient> {
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room, token })
  onTestFinished(() => client.close())
  return client
}

const head = async (room: string): Promise<number> => {
  const rows = await query<{ head: string }>(server.databaseUrl, 'select head from rooms where name = $1', [
    room,
  ])
  return Number(rows[0]?.head)
}

it('[ACK4] answers each counted frame once, in a burst as well, on the WebSocket that it came over', async () => {
  const client = await join('doc:burst')
  const other = await join('doc:burst')
  await client.shake()
  await other.shake()
  for (const update of pushes(100)) client.update(update)
  await until(() => client.statuses.length >= 101)
  await client.handled()
  expect(client.acknowledgements).toBe(101)
  expect(other.statuses).toEqual([true])
  expect(await head('doc:burst')).toBe(100)
})

it('[ACK1] says nothing while the commit hangs, lets others see the edit, and then acknowledges all in order', async () => {
  const client = await join('doc:held')
  const peer = connectProvider({ wsUrl: server.wsUrl, room: 'doc:held', token })
  onTestFinished(() => peer.destroy())
  await client.shake()
  await peer.saved()
  await until(() => client.statuses.length === 1)

  const release = await blockWrites(server.databaseUrl)
  for (const update of pushes(3)) client.update(update)
  await peer.holds('0', '1', '2')
  await client.handled()
  expect(client.statuses).toEqual([true])
  expect(await head('doc:held')).toBe(0)

  await release()
  await until(() => client.statuses.length === 4)
  expect(client.acknowledgements).toBe(4)
  expect(await head('doc:held')).toBe(3)
})

it('[ACK1] gives a client that reconnects with nothing new no acknowledgement before the commit', async () => {
  const first = await join('doc:again')
  await first.shake()
  await until(() => first.statuses.length === 1)
  const release = await blockWrites(server.databaseUrl)
  for (const update of pushes(1)) first.update(update)
  await first.handled()
  first.close()

  // The server's memory has the edit, so the client has nothing to send: "saved" would be a lie.
  const second = await join('doc:again')
  await second.shake()
  await second.handled()
  expect(second.updates.length).toBeGreaterThan(0)
  expect(second.statuses).toEqual([])

  await release()
  await until(() => second.statuses.length === 1)
  expect(await head('doc:again')).toBe(1)
})

it('[DOC5] keeps a document open until its edits are committed, where stock Hocuspocus unloads and loses them', async () => {
  const typist = connectProvider({ wsUrl: server.wsUrl, room: 'doc:left', token })
  await typist.saved()
  const release = await blockWrites(server.databaseUrl)
  const witness = await join('doc:left')
  await witness.shake()
  typist.edits.push(['last words'])
  await until(() => witness.updates.length > 1)
  witness.close()
  typist.destroy()

  const visitor = connectProvider({ wsUrl: server.wsUrl, room: 'doc:left', token })
  await visitor.synced()
  await visitor.holds('last words')
  visitor.destroy()
  await release()
  await until(async () => (await head('doc:left')) === 1)
  expect(await readRoom(server, 'doc:left')).toEqual(['last words'])
})

it('[DOC7] writes the authenticated user as the actor, and a whole delete set sent again re-authors nothing', async () => {
  const room = 'doc:authors'
  const ada = connectProvider({ wsUrl: server.wsUrl, room, token })
  await ada.saved()
  ada.edits.push(['by ada', 'for bob'])
  await ada.saved()
  const bob = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token('bob') })
  await bob.holds('for bob')
  bob.edits.delete(1)
  await bob.saved()
  await until(() => ada.edits.length === 1)
  const state = Y.encodeStateAsUpdate(ada.document)
  ada.destroy()

  // Carol has been given the document some other way; her SyncStep2 carries all of bob's deletions.
  const carol = await RawClient.connect({ wsUrl: server.wsUrl, room, token: await server.token('carol') })
  await carol.shake(state)
  await until(() => carol.statuses.length === 1)
  const actors = await query<{ actor: string }>(
    server.databaseUrl,
    'select actor from room_updates u join rooms r on r.id = u.room_id where r.name = $1 order by seq',
    [room],
  )
  expect(actors.map(({ actor }) => actor)).toEqual(['ada', 'bob'])
  bob.destroy()
  carol.close()
})
