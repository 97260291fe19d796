import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signToken } from '../../server/access/token.ts'
import { refusalOf, SECRET, TestServer } from './server.ts'

interface Page {
  readonly rooms: readonly { readonly name: string }[]
  readonly next: string | null
}

let server: TestServer

beforeAll(async () => {
  server = await TestServer.start()
  await server.room('doc:a', new Date('2030-01-01T00:00:01Z'))
  await server.room('doc:b', new Date('2030-01-01T00:00:02Z'))
  await server.room('doc:b/c?d%20#e', new Date('2030-01-01T00:00:03Z'))
  await server.room('project:7', new Date('2030-01-01T00:00:04Z'))
})
afterAll(() => server.close())

const names = async (response: Response): Promise<readonly string[]> => {
  expect(response.status).toBe(200)
  return ((await response.json()) as Page).rooms.map((room) => room.name)
}

describe('listing rooms', () => {
  it('[HTTP8] lists what the token may read, last changed first, and nothing else', async () => {
    const list = async (grants: Parameters<TestServer['as']>[0], query = '') =>
      names(await server.as(grants, `/api/v1/rooms${query}`))
    expect(await list({ '*:*': 'read' })).toEqual(['project:7', 'doc:b/c?d%20#e', 'doc:b', 'doc:a'])
    expect(await list({ 'doc:*': 'read' })).toEqual(['doc:b/c?d%20#e', 'doc:b', 'doc:a'])
    expect(await list({ 'doc:a': 'read', 'project:7': 'admin' })).toEqual(['project:7', 'doc:a'])
    expect(await list({ 'doc:a': 'read', 'project:*': 'admin' }, '?kind=doc')).toEqual(['doc:a'])
    expect(await list({})).toEqual([])
    expect(await list({ "doc:'or'1'='1": 'read' })).toEqual([])
  })

  it('[HTTP8] pages without losing or repeating a room, even of one microsecond', async () => {
    const many = await TestServer.start()
    await many.database.pool.query(
      `insert into rooms (name, kind, created_by, changed_at)
       select 'doc:' || n, 'doc', 'ada', timestamptz '2030-01-01' + (n / 3) * interval '1 microsecond'
       from generate_series(1, 25) n`,
    )
    const seen: string[] = []
    let after = ''
    do {
      const response = await many.as({ '*:*': 'read' }, `/api/v1/rooms?limit=4${after}`)
      const page = (await response.json()) as Page
      seen.push(...page.rooms.map((room) => room.name))
      after = page.next === null ? '' : `&after=${page.next}`
    } while (after !== '')
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => `doc:${25 - index}`))
    await many.close()
  })

  it.each([
    ['limit=0', 'query: limit'],
    ['limit=101', 'query: limit'],
    ['limit=x', 'query: limit'],
    ['limit=', 'query: limit'],
    ['after=x', 'query: after'],
    ['after=1.2;drop', 'query: after'],
    ['after=99999999999999999999.1', 'query: after'],
    ['kind=Doc', 'query: kind'],
    ['kind=a&kind=b', 'query: kind'],
  ])('[HTTP9] refuses ?%s and says where', async (query, where) => {
    const { code, message, status } = await refusalOf(await server.as({}, `/api/v1/rooms?${query}`))
    expect([status, code]).toEqual([400, 'request-invalid'])
    expect(message).toContain(where)
  })

  it('[HTTP9] takes a cursor as it was given, and of this list', async () => {
    const { cursors } = server
    const given = cursors.seal('rooms', `${'9'.repeat(18)}.1`)
    expect(cursors.open('rooms', given)).toBe(`${'9'.repeat(18)}.1`)
    const ask = (after: string) => server.as({ '*:*': 'read' }, `/api/v1/rooms?after=${after}`)
    expect((await ask(given)).status).toBe(200)
    const changed = given.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
    for (const after of [changed, given.slice(1), cursors.seal('admin/rooms changed desc', '1.1')])
      expect(await refusalOf(await ask(after))).toMatchObject({ status: 400, code: 'request-invalid' })
  })
})

describe('one room', () => {
  it('[HTTP8] is what lists show of it', async () => {
    const response = await server.as({ 'doc:a': 'read' }, '/api/v1/rooms/doc:a')
    expect(await response.json()).toEqual({
      name: 'doc:a',
      kind: 'doc',
      title: 'A title',
      editor: 'code',
      head: 7,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      createdBy: 'ada',
      changedAt: '2030-01-01T00:00:01.000Z',
    })
  })

  it('[HTTP8] is found by any name, once that is encoded', async () => {
    const name = 'doc:b/c?d%20#e'
    const response = await server.as({ [name]: 'read' }, `/api/v1/rooms/${encodeURIComponent(name)}`)
    expect(await response.json()).toMatchObject({ name })
  })

  it('[HTTP10] is refused without a grant, whether it exists or not', async () => {
    const there = await refusalOf(await server.as({ 'doc:b': 'admin' }, '/api/v1/rooms/doc:a'))
    const absent = await refusalOf(await server.as({ 'doc:b': 'admin' }, '/api/v1/rooms/doc:absent'))
    expect(there).toMatchObject({ status: 403, code: 'forbidden' })
    expect(absent).toEqual(there)
    const granted = await refusalOf(await server.as({ 'doc:*': 'read' }, '/api/v1/rooms/doc:absent'))
    expect(granted).toMatchObject({ status: 404, code: 'room-not-found' })
  })

  it.each(['nokind', '__proto__', 'doc:', 'doc:a%00b', 'doc:a%20b', 'x'.repeat(5000)])(
    '[HTTP9] is refused by the name %s',
    async (name) => {
      const answer = await refusalOf(await server.as({ '*:*': 'admin' }, `/api/v1/rooms/${name}`))
      expect(answer).toMatchObject({ status: 400, code: 'room-name-invalid' })
    },
  )
})

describe('the token of a request', () => {
  it.each([
    ['no header', {}, 'token-missing'],
    ['another scheme', { authorization: 'Basic YTpi' }, 'token-missing'],
    ['nothing after Bearer', { authorization: 'Bearer ' }, 'token-missing'],
    ['rubbish', { authorization: 'Bearer rubbish' }, 'token-invalid'],
    [
      'an expired one',
      { authorization: `Bearer ${signToken(SECRET, { user: { id: 'ada' }, grants: {} }, -60)}` },
      'token-expired',
    ],
  ])('[HTTP10] with %s is refused', async (_, headers, code) => {
    for (const path of ['/api/v1/rooms', '/api/v1/rooms/doc:a']) {
      const response = await server.get(path, { headers })
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      expect(await refusalOf(response)).toMatchObject({ status: 401, code })
    }
  })
})

describe('a database that is away', () => {
  it('[HTTP11] is answered with 503 and when to come back, and is not an internal error', async () => {
    const cut = await TestServer.start()
    await cut.database.pool.query('select 1')
    const { rows } = await cut.database.pool.query<{ name: string }>('select current_database() as name')
    await server.database.pool.query(`alter database ${rows[0]?.name} with allow_connections false`)
    await server.database.pool.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1',
      [rows[0]?.name],
    )
    const response = await cut.as({ '*:*': 'read' }, '/api/v1/rooms')
    expect(response.headers.get('retry-after')).toBe('1')
    expect(await refusalOf(response)).toMatchObject({ status: 503, code: 'storage-unavailable' })
    await cut.close()
  })
})
