import { afterAll, beforeAll, expect, it } from 'vitest'
import { query } from '../support/blocked-database.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { readRoom } from '../support/typing.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
  for (const room of ['doc:away', 'doc:hole']) {
    const replica = join(room)
    await replica.saved()
    for (const edit of ['one', 'two', 'three']) replica.edits.push([edit])
    await replica.saved()
    replica.destroy()
  }
  // No document is open any more.
  await server.kill9()
  await server.restart()
})
afterAll(() => server.dispose())

const join = (room: string): Replica =>
  connectProvider({ wsUrl: server.wsUrl, room, token: () => server.token('ada') })

it('[DOC2] lets nobody into a document that failed to load, where stock Hocuspocus opens it empty; then all is there', async () => {
  await query(server.databaseUrl, 'alter table room_updates rename to room_updates_away')
  const replica = join('doc:away')
  await until(() => replica.denials.length >= 2)
  expect(replica.denials.slice(0, 2)).toEqual(['internal', 'internal'])
  expect(replica.provider.isSynced).toBe(false)
  replica.edits.push(['typed meanwhile'])

  await query(server.databaseUrl, 'alter table room_updates_away rename to room_updates')
  await replica.holds('one', 'two', 'three')
  await replica.saved()
  replica.destroy()
  expect([...(await readRoom(server, 'doc:away'))].sort()).toEqual(['one', 'three', 'two', 'typed meanwhile'])
})

it('[DOC2] [LOG6] refuses a room whose log has a hole instead of showing what is left of it', async () => {
  await query(
    server.databaseUrl,
    `delete from room_updates where seq = 2 and room_id = (select id from rooms where name = 'doc:hole')`,
  )
  const replica = join('doc:hole')
  await until(() => replica.denials.length > 0)
  expect(replica.denials[0]).toBe('room-damaged')
  expect(replica.edits.length).toBe(0)
  replica.edits.push(['not over it'])
  replica.destroy()
  const [row] = await query<{ head: string }>(
    server.databaseUrl,
    `select head from rooms where name = 'doc:hole'`,
  )
  expect(row?.head).toBe('3')
})
