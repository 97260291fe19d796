import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Grants } from '../../server/protocol.ts'
import { query } from '../support/blocked-database.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
  const token = await server.token('ada', { '*:*': 'write' })
  for (const room of ['doc:a', 'doc:b', 'note:a', 'note:b']) {
    const replica = connectProvider({ wsUrl: server.wsUrl, room, token })
    await replica.saved()
    replica.document.getText('content').insert(0, `words of ${room}`)
    await replica.saved()
    replica.destroy()
  }
})
afterAll(() => server.dispose())

async function list(grants: Grants, search = '') {
  const authorization = `Bearer ${await server.token('eve', grants)}`
  const response = await fetch(`${server.url}/api/v1/admin/rooms${search}`, { headers: { authorization } })
  // biome-ignore lint/suspicious/noExplicitAny: whatever the route answers
  return { status: response.status, json: (await response.json()) as any }
}

const namesOf = async (grants: Grants, search = '') =>
  (await list(grants, search)).json.rooms.map(({ name }: { name: string }) => name).sort()

describe('an administrator’s list of rooms', () => {
  it('[HIS110] has every room with its size, its people and its health', async () => {
    const { status, json } = await list({ '*:*': 'admin' }, '?sort=entries&order=asc&limit=2')
    expect(status).toBe(200)
    expect(json.rooms[0]).toMatchObject({ name: 'doc:a', entries: 1, createdBy: 'ada', health: 'ok' })
    expect(json.rooms[0].logBytes).toBeGreaterThan('words of doc:a'.length)
    const rest = await list({ '*:*': 'admin' }, `?sort=entries&order=asc&limit=2&after=${json.next}`)
    expect(rest.json.rooms.map(({ name }: { name: string }) => name)).toEqual(['note:a', 'note:b'])
  })

  it('[HIS110] has no room that the token does not administer', async () => {
    expect(await namesOf({ 'doc:*': 'admin', 'note:*': 'write', 'note:b': 'admin' })).toEqual([
      'doc:a',
      'doc:b',
      'note:b',
    ])
    expect(await namesOf({ '*:*': 'admin', 'doc:*': 'read', 'doc:b': 'admin', 'note:a': 'write' })).toEqual([
      'doc:b',
      'note:b',
    ])
    for (const grants of [{ '*:*': 'write' }, { 'doc:a': 'read' }] as Grants[])
      expect(await list(grants)).toMatchObject({ status: 403, json: { error: { code: 'forbidden' } } })
    expect((await fetch(`${server.url}/api/v1/admin/rooms`)).status).toBe(401)
  })

  it('[HIS110] keeps a deleted room in sight', async () => {
    const authorization = `Bearer ${await server.token('eve', { '*:*': 'admin' })}`
    await fetch(`${server.url}/api/v1/rooms/note:a`, { method: 'DELETE', headers: { authorization } })
    const { json } = await list({ '*:*': 'admin' }, '?health=deleted')
    expect(json.rooms).toMatchObject([{ name: 'note:a', health: 'deleted', deletedBy: 'eve', logBytes: 0 }])
    expect(
      await query(
        server.databaseUrl,
        `select from room_sizes join rooms on id = room_id where name = 'note:a'`,
      ),
    ).toEqual([])
  })

  it.each(['?sort=people', '?after=x', '?limit=1000', '?health=well', '?search=%00'])(
    '[HIS110] %s is refused, and what is wrong with it is said',
    async (search) => {
      const { status, json } = await list({ '*:*': 'admin' }, search)
      expect([status, json.error.code]).toEqual([400, 'request-invalid'])
    },
  )
})
