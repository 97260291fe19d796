import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import type { Grants } from '../../server/protocol.ts'
import { query } from '../support/blocked-database.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { type Answerer, FAILURES, openService, type Service } from './service.ts'

let service: Service
let server: TestServer
beforeAll(async () => {
  service = await openService(() => undefined)
  server = await startServer({ env: { AUTHORIZE_URL: service.url, ROOM_KINDS: 'doc,note' } })
})
beforeEach(() => service.answer(role('write')))
afterAll(async () => {
  await server.dispose()
  await service.close()
})

const role =
  (name: string | null, ttl = 60, more: object = {}): Answerer =>
  () => ({ role: name, ttl, ...more })

async function join(room: string, user = 'ada', grants = { '*:*': 'admin' } as const): Promise<Replica> {
  const replica = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token(user, grants) })
  onTestFinished(() => replica.destroy())
  return replica
}

async function raw(room: string, user = 'ada'): Promise<RawClient> {
  const token = await server.token(user, { '*:*': 'admin' })
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room, token })
  onTestFinished(() => client.close())
  return client
}

const codesOf = (replica: Replica): unknown[] => replica.stateless.map((payload) => JSON.parse(payload).code)

interface Page {
  readonly rooms: readonly { readonly name: string }[]
  readonly next?: string | null
}

function edit(): Uint8Array {
  const document = new Y.Doc()
  document.getArray('edits').push(['an edit'])
  return Y.encodeStateAsUpdate(document)
}

describe('the list of an administrator', () => {
  it('[HIS110] says nothing of the rooms that the application refuses, nor of what they are called', async () => {
    for (const room of ['doc:hidden', 'doc:shown']) await (await join(room)).saved()
    service.answer(({ body }) => ({
      role: (body as { room: string }).room === 'doc:shown' ? 'admin' : null,
    }))
    const headers = { authorization: `Bearer ${await server.token('eve', { '*:*': 'admin' })}` }
    const list = async (query: string): Promise<Page> =>
      (await fetch(`${server.url}/api/v1/admin/rooms?${query}`, { headers })).json() as Promise<Page>
    const names = async (query: string) => (await list(query)).rooms.map(({ name }) => name)
    expect(await names('search=SHOWN')).toEqual(['doc:shown'])
    expect(await names('search=hidden')).toEqual([])
    expect(await names('health=damaged')).toEqual([])
    expect(await list('limit=1&search=hidden')).toEqual(await list('limit=1&search=absent'))
  })

  it('[HIS110] finds a quarantined room among hundreds, for whoever is admin everywhere', async () => {
    await (await join('doc:shown')).saved()
    const change = (statement: string) => query(server.databaseUrl, statement)
    await change(
      `insert into rooms (name, kind, created_by, changed_at)
       select 'crowd:' || n, 'crowd', 'ada', '2030-01-01' from generate_series(1, 700) n`,
    )
    await change(`update rooms set quarantined_at = now() where name = 'doc:shown'`)
    service.answer(() => ({ role: 'admin' }))
    const found = async (grants: Grants) => {
      const headers = { authorization: `Bearer ${await server.token('root', grants)}` }
      const response = await fetch(`${server.url}/api/v1/admin/rooms?health=quarantined`, { headers })
      const { rooms, next } = (await response.json()) as Page
      return { names: rooms.map(({ name }) => name), last: next === null }
    }
    expect(await found({ '*:*': 'admin' })).toEqual({ names: ['doc:shown'], last: true })
    // Whom the audit log tells nothing is not to tell from where a page ends what refused rooms are called.
    expect(await found({ 'doc:*': 'admin', 'crowd:*': 'admin' })).toEqual({ names: [], last: false })
    await change(`delete from rooms where kind = 'crowd'`)
    await change('update rooms set quarantined_at = null')
  })

  it('[HTTP24] pages without a gap where rooms are refused, and no cursor tells of them', async () => {
    const refused = ({ name }: { readonly name: string }) => /[1-9]$/.test(name)
    await query(
      server.databaseUrl,
      `insert into rooms (name, kind, created_by, changed_at)
       select 'page:' || n, 'page', 'ada', timestamptz '2030-01-01' + n * interval '1 second'
       from generate_series(1, 700) n`,
    )
    service.answer(({ body }) => ({
      role: refused({ name: (body as { room: string }).room }) ? null : 'admin',
    }))
    const headers = { authorization: `Bearer ${await server.token('eve', { 'page:*': 'admin' })}` }
    const pages = async (path: string) => {
      const got: Page[] = []
      for (let after: string | null = ''; after !== null; after = got.at(-1)?.next ?? null) {
        const cursor = after === '' ? '' : `&after=${after}`
        const response = await fetch(`${server.url}/api/v1/${path}&limit=20${cursor}`, { headers })
        got.push((await response.json()) as Page)
      }
      return got
    }
    const tens = Array.from({ length: 70 }, (_, index) => `page:${700 - 10 * index}`)
    for (const path of ['rooms?kind=page', 'admin/rooms?sort=changed']) {
      const got = await pages(path)
      expect(
        got.flatMap(({ rooms }) => rooms.map(({ name }) => name)).filter((name) => tens.includes(name)),
      ).toEqual(tens)
      expect(got.map(({ rooms }) => rooms.length).slice(0, 3)).toEqual([20, 20, 20])
      for (const { next } of got) if (next !== null) expect(next).toMatch(/^[\w-]{59}$/)
    }
    // Where hundreds are refused one after the other a page ends early, and the next one goes on.
    service.answer(({ body }) => ({ role: (body as { room: string }).room === 'page:1' ? 'admin' : null }))
    headers.authorization = `Bearer ${await server.token('mallory', { 'page:*': 'admin' })}`
    const sparse = await pages('rooms?kind=page')
    expect(sparse.map(({ rooms }) => rooms.map(({ name }) => name))).toEqual([[], ['page:1']])
  })
})

describe('a join', () => {
  it('[ACC28] is decided by the application, for each person and room, on a warm document too', async () => {
    const ada = await join('doc:a0')
    await ada.saved()
    service.answer(({ body }) => ({ role: (body as { user: string }).user === 'bob' ? 'read' : null }))
    const bob = await raw('doc:a0', 'bob')
    expect(bob.denials).toEqual([])
    expect((await raw('doc:a0', 'eve')).denials).toEqual(['forbidden'])
    expect(service.received.at(-1)?.body).toEqual({ user: 'eve', name: 'eve', room: 'doc:a0' })
  })

  it('[ACC30] waits out an outage: refused with a reason that passes, and let in when it is over', async () => {
    service.answer(FAILURES['a status of 500'] as Answerer)
    const ada = await join('doc:a1')
    await until(() => ada.denials.length > 0)
    expect(ada.denials[0]).toBe('authorization-unavailable')
    service.answer(role('write'))
    await ada.saved()
    expect(server.output()).toContain('AUTHORIZE_URL gave no answer')
  })

  it('[ACC34] creates only rooms that may be created', async () => {
    expect((await raw('project:a')).denials).toEqual(['room-not-found'])
    service.answer(role('write', 60, { create: false }))
    expect((await raw('doc:not')).denials).toEqual(['room-not-found'])
    service.answer(role('read'))
    expect((await raw('doc:read')).denials).toEqual(['room-not-found'])
    service.answer(role('write'))
    expect((await raw('note:new')).denials).toEqual([])
    const headers = {
      authorization: `Bearer ${await server.token('ada', { 'project:*': 'read', 'note:*': 'read' })}`,
    }
    const listed = (await (await fetch(`${server.url}/api/v1/rooms`, { headers })).json()) as Page
    expect(listed.rooms.map(({ name }) => name)).toEqual(['note:new'])
  })

  it('[ACC35] tells who has no grant the same of a room that is there and of one that is not', async () => {
    await raw('doc:there')
    service.answer(role(null))
    const answers = await Promise.all(['doc:there', 'doc:absent'].map((room) => raw(room, 'eve')))
    const token = await server.token('eve', { '*:*': 'admin' })
    const pages = await Promise.all(
      ['doc:there', 'doc:absent'].map(async (room) => {
        const headers = { authorization: `Bearer ${token}` }
        const page = await fetch(`${server.url}/api/v1/rooms/${room}`, { headers })
        return { status: page.status, body: await page.text() }
      }),
    )
    expect(answers.map(({ denials }) => denials)).toEqual([['forbidden'], ['forbidden']])
    expect(pages[0]).toEqual(pages[1])
    expect(pages[0]?.status).toBe(403)
  })
})

describe('HTTP', () => {
  it('[ACC39] shows only what the application allows, and says so when it cannot be asked', async () => {
    for (const room of ['doc:a4', 'doc:b4', 'doc:c4']) await raw(room)
    service.answer(({ body }) => ({ role: (body as { room: string }).room === 'doc:b4' ? null : 'read' }))
    const grants = { 'doc:a4': 'read', 'doc:b4': 'read', 'doc:c4': 'admin' } as const
    const headers = { authorization: `Bearer ${await server.token('bob', grants)}` }
    const get = (path: string) => fetch(`${server.url}/api/v1/rooms${path}`, { headers })
    const names = async () => ((await (await get('')).json()) as Page).rooms.map(({ name }) => name)
    expect((await names()).sort()).toEqual(['doc:a4', 'doc:c4'])
    expect((await get('/doc:b4')).status).toBe(403)
    expect((await get('/doc:a4')).status).toBe(200)
    headers.authorization = `Bearer ${await server.token('eve', grants)}`
    service.answer(FAILURES['a cut line'] as Answerer)
    const refused = await get('')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    expect(await refused.json()).toMatchObject({
      error: { code: 'authorization-unavailable', retryable: true },
    })
    expect((await get('/doc:a4')).status).toBe(503)
  })
})

describe('a connection that stands', () => {
  it('[ACC31] is ended with the reason when the next answer says no, and nothing it sends is applied', async () => {
    service.answer(role('write', 1))
    const ada = await join('doc:a5')
    await ada.saved()
    const eve = await raw('doc:a5', 'eve')
    await eve.ask()
    service.answer(({ body }) => ({
      role: (body as { user: string }).user === 'eve' ? null : 'write',
      ttl: 1,
    }))
    await until(() => eve.closed !== undefined, 5_000)
    expect(eve.closed?.reason).toBe('forbidden')
    expect(eve.stateless.map((payload) => JSON.parse(payload).code)).toEqual(['forbidden'])
    eve.update(edit())
    ada.edits.push(['by ada'])
    await ada.saved()
    expect(ada.edits.toArray()).toEqual(['by ada'])
    expect(ada.closes).toEqual([])
  })

  it('[ACC31] loses writing by losing the connection, and comes back as a reader', async () => {
    service.answer(role('write', 1))
    const ada = await join('doc:a6')
    await ada.saved()
    service.answer(role('comment', 1))
    await until(() => ada.provider.authorizedScope === 'readonly', 8_000)
    expect(codesOf(ada)).toContain('read-only')
    await ada.synced()
    ada.edits.push(['too late'])
    await until(() => codesOf(ada).at(-1) === 'read-only' && ada.provider.hasUnsyncedChanges)
    service.answer(role('write', 60))
    const bob = await join('doc:a6', 'bob')
    await bob.saved()
    expect(bob.edits.toArray()).toEqual([])
  })

  it('[ACC31] gains writing where it stands', async () => {
    await raw('doc:a7')
    service.answer(role('read', 1))
    const bob = await raw('doc:a7', 'bob')
    await bob.shake()
    await until(() => bob.statuses.length === 1)
    bob.update(edit())
    await until(() => bob.statuses.length === 2)
    service.answer(role('write', 1))
    const asked = service.received.length
    await until(() => service.received.length > asked, 5_000)
    await bob.handled()
    bob.step2(edit())
    await until(() => bob.statuses.length === 3)
    expect(bob.statuses).toEqual([true, false, true])
    expect(bob.closed).toBeUndefined()
  })

  it.each(Object.entries(FAILURES).slice(0, 4))(
    '[ACC32] is not ended by an outage: %s',
    async (name, failure) => {
      service.answer(role('write', 1))
      const ada = await join(`doc:${name.replaceAll(' ', '-')}`)
      await ada.saved()
      service.answer(failure)
      const asked = service.received.length
      await until(() => service.received.length >= asked + 2, 10_000)
      ada.edits.push(['during the outage'])
      await ada.saved()
      expect([ada.closes, ada.denials, codesOf(ada)]).toEqual([[], [], []])
      service.answer(role(null, 1))
      await until(() => codesOf(ada).includes('forbidden'), 10_000)
    },
  )
})
