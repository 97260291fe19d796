import { expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { connect } from '../../client/sdk/index.ts'
import type { Grants } from '../../server/protocol.ts'
import { query } from '../support/blocked-database.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { startTyping } from '../support/typing.ts'

const ROOM_TABLES = ['room_updates', 'room_segments', 'room_snapshots']
const ADMIN: Grants = { 'doc:*': 'admin' }

async function server(): Promise<TestServer> {
  const started = await startServer()
  onTestFinished(() => started.dispose())
  return started
}

async function send(from: TestServer, method: string, path: string, grants = ADMIN): Promise<Response> {
  const token = await from.token('eve', grants)
  return fetch(`${from.url}/api/v1/rooms/${path}`, { method, headers: { authorization: `Bearer ${token}` } })
}

const codeOf = async (response: Response): Promise<unknown> => (await response.json()).error?.code

/** Rows of every table that has any of a room's; the one tombstone is not among them. */
async function rows({ databaseUrl }: TestServer): Promise<number> {
  const counts = await Promise.all(ROOM_TABLES.map((table) => query(databaseUrl, `select from ${table}`)))
  return counts.reduce((sum, found) => sum + found.length, 0)
}

it('[HIS80] a room deleted while four people type is gone, they are told why, and no reconnection brings it back', async () => {
  const host = await server()
  const others = await startTyping(host, 'doc:other', 1)
  const typings = await startTyping(host, 'doc:doomed', 4)
  await until(() => typings.every((typing) => typing.acknowledged().length >= 40))
  expect((await send(host, 'DELETE', 'doc:doomed')).status).toBe(204)
  await until(() => typings.every(({ replica }) => replica.denials.includes('room-deleted')))
  for (const { replica } of typings) {
    expect(replica.closes).toContain('room-deleted')
    expect(replica.stateless.some((message) => message.includes('"code":"room-deleted"'))).toBe(true)
  }
  // They go on typing into their copies and joining again; somebody else's room goes on being saved.
  const before = others[0]?.acknowledged().length ?? 0
  await until(() => (others[0]?.acknowledged().length ?? 0) > before + 100)
  for (const typing of [...typings, ...others]) {
    typing.stop()
    typing.replica.destroy()
  }
  const left = await query(
    host.databaseUrl,
    `select from room_updates where room_id = (select id from rooms where name = 'doc:doomed')`,
  )
  expect(left).toEqual([])
  expect(await codeOf(await send(host, 'GET', 'doc:doomed'))).toBe('room-deleted')
  expect(host.output()).not.toContain('"level":50')
  // Nothing of the document stays in memory either, so a clean stop is one.
  expect(await host.stop()).toBe(0)
})

it('[HIS80] only an administrator of the room deletes it, and only one that is there', async () => {
  const host = await server()
  const writer = connectProvider({
    wsUrl: host.wsUrl,
    room: 'doc:a',
    token: await host.token('ada', { 'doc:*': 'write' }),
  })
  onTestFinished(() => writer.destroy())
  await writer.saved()
  expect(await codeOf(await send(host, 'DELETE', 'doc:a', { 'doc:*': 'write' }))).toBe('forbidden')
  expect(await codeOf(await send(host, 'DELETE', 'doc:a/tombstone', { 'doc:a': 'write' }))).toBe('forbidden')
  expect(await codeOf(await send(host, 'DELETE', 'doc:absent'))).toBe('room-not-found')
  expect(await codeOf(await send(host, 'DELETE', 'doc:a/tombstone'))).toBe('room-not-found')
  expect((await fetch(`${host.url}/api/v1/rooms/doc:a`, { method: 'DELETE' })).status).toBe(401)
  expect((await send(host, 'DELETE', 'doc:a')).status).toBe(204)
  expect((await send(host, 'DELETE', 'doc:a')).status).toBe(204)
})

it('[HIS81] the name is refused to everybody until an administrator purges the tombstone', async () => {
  const host = await server()
  const join = async () =>
    connectProvider({ wsUrl: host.wsUrl, room: 'doc:a', token: await host.token('ada', ADMIN) })
  const first = await join()
  first.edits.push(['old'])
  await first.saved()
  first.destroy()
  const listed = async () => {
    const headers = { authorization: `Bearer ${await host.token('eve', ADMIN)}` }
    return (await fetch(`${host.url}/api/v1/rooms`, { headers })).text()
  }
  expect(await listed(), 'control').toContain('doc:a')
  await send(host, 'DELETE', 'doc:a')
  const second = await join()
  await until(() => second.denials.length > 0)
  second.destroy()
  expect(second.denials).toEqual(['room-deleted'])
  expect(await listed()).not.toContain('doc:a')
  expect((await send(host, 'DELETE', 'doc:a/tombstone')).status).toBe(204)
  const third = await join()
  onTestFinished(() => third.destroy())
  await third.saved()
  expect(third.edits.toArray()).toEqual([])
})

it('[HIS82] the SDK shows that the room was deleted and keeps the copy on the device', async () => {
  const host = await server()
  const client = connect({
    url: host.url,
    token: () => host.token('ada', ADMIN),
    user: { id: 'ada', name: 'Ada' },
  })
  onTestFinished(() => client.destroy())
  const [room, other] = [client.room('doc:a'), client.room('doc:b')]
  room.doc.getText('content').insert(0, 'kept')
  await Promise.all([room.whenSaved(), other.whenSaved()])
  await send(host, 'DELETE', 'doc:a')
  await until(() => room.status === 'refused')
  expect(room.refusal).toMatchObject({ code: 'room-deleted', retryable: false })
  room.doc.getText('content').insert(4, ' here')
  expect([room.doc.getText('content').toString(), room.saved]).toEqual(['kept here', 'offline'])
  // The room beside it on the same WebSocket is back by itself.
  other.doc.getText('content').insert(0, 'on')
  await other.whenSaved()
})

it('[HIS80] a room that is open for reading only is closed too', async () => {
  const host = await server()
  const writer = connectProvider({ wsUrl: host.wsUrl, room: 'doc:a', token: await host.token('ada', ADMIN) })
  await writer.saved()
  const reader = connectProvider({
    wsUrl: host.wsUrl,
    room: 'doc:a',
    token: await host.token('bob', { 'doc:*': 'read' }),
  })
  await reader.synced()
  writer.destroy()
  await send(host, 'DELETE', 'doc:a')
  await until(() => reader.denials.includes('room-deleted'))
  reader.destroy()
})

it('[HIS83] every node tells who is in the room, also who only reads, and also when its tombstone is purged at once', async () => {
  const host = await server()
  const other = await startServer({ env: { DATABASE_URL: host.databaseUrl } })
  onTestFinished(() => other.dispose())
  const writer = connectProvider({ wsUrl: host.wsUrl, room: 'doc:a', token: await host.token('ada', ADMIN) })
  onTestFinished(() => writer.destroy())
  writer.edits.push(['old'])
  await writer.saved()
  const join = async () => {
    const token = await other.token('bob', { 'doc:*': 'read' })
    const reader = connectProvider({ wsUrl: other.wsUrl, room: 'doc:a', token })
    onTestFinished(() => reader.destroy())
    await reader.synced()
    return reader
  }
  const reader = await join()
  expect(reader.edits.toArray()).toEqual(['old'])
  expect((await send(host, 'DELETE', 'doc:a')).status).toBe(204)
  expect((await send(host, 'DELETE', 'doc:a/tombstone')).status).toBe(204)
  await until(() => reader.closes.includes('room-deleted'))
})

it('[HIS20] every node forgets a room that any of them has erased, also where that was cut short', async () => {
  const host = await server()
  const writer = connectProvider({ wsUrl: host.wsUrl, room: 'doc:a', token: await host.token('ada', ADMIN) })
  for (const word of ['one', 'two', 'three']) {
    writer.edits.push([word])
    await writer.saved()
  }
  writer.destroy()
  const held = async () => (await send(host, 'GET', 'doc:a/content?at=2')).status
  expect(await held()).toBe(200)
  // As a node does that dies before it has erased the room.
  await query(host.databaseUrl, `update rooms set deleted_at = clock_timestamp() where name = 'doc:a'`)
  expect(await held()).toBe(410)
  const finisher = await startServer({ env: { DATABASE_URL: host.databaseUrl } })
  onTestFinished(() => finisher.dispose())
  await until(
    async () => (await query(host.databaseUrl, 'select from rooms where erased_at is not null')).length === 1,
  )
  // With the tombstone taken away by hand, what is answered is out of memory.
  await until(async () => {
    await query(host.databaseUrl, `update rooms set deleted_at = null where name = 'doc:a'`)
    const status = await held()
    await query(host.databaseUrl, `update rooms set deleted_at = clock_timestamp() where name = 'doc:a'`)
    return status === 500
  })
})

it('[LOG14] kill -9 between the tombstone and the last row: the next start finishes, whatever clients send', async () => {
  const host = await server()
  const typings = await startTyping(host, 'doc:doomed', 2)
  await until(() => typings.every((typing) => typing.acknowledged().length >= 20))
  await query(
    host.databaseUrl,
    `insert into room_updates select id, 1000000 + n, 'epoch', 'ada', 'x'
     from rooms, generate_series(1, 400000) as n where name = 'doc:doomed'`,
  )
  const deleting = send(host, 'DELETE', 'doc:doomed').catch(() => undefined)
  await until(
    async () =>
      (await query(host.databaseUrl, 'select from rooms where deleted_at is not null and erased_at is null'))
        .length === 1,
  )
  await host.kill9()
  await deleting
  expect(await rows(host)).toBeGreaterThan(0)
  await host.restart()
  await until(
    async () => (await query(host.databaseUrl, 'select from rooms where erased_at is not null')).length === 1,
  )
  // Somebody comes with all that they had of the document.
  const document = typings[0]?.replica.document ?? new Y.Doc()
  const late = connectProvider({
    wsUrl: host.wsUrl,
    room: 'doc:doomed',
    token: await host.token('ada', ADMIN),
    document,
  })
  await until(() => late.denials.includes('room-deleted'))
  for (const typing of typings) {
    typing.stop()
    typing.replica.destroy()
  }
  late.destroy()
  expect(await rows(host)).toBe(0)
})
