import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Revocations } from '../../server/access/revocations.ts'
import { signToken } from '../../server/access/token.ts'
import { clientAddress, trustedList } from '../../server/http/address.ts'
import { RequestLimit } from '../../server/http/request-limit.ts'
import type { Grants } from '../../server/protocol.ts'
import { startPulse } from '../log/fixture.ts'
import { refusalOf, SECRET, TestServer } from './server.ts'

let server: TestServer

beforeAll(async () => {
  server = await TestServer.start()
  await server.room('doc:a')
  await server.room('doc:b')
})
afterAll(() => server.close())

const bearer = (id: string, grants: Grants) => ({
  authorization: `Bearer ${signToken(SECRET, { user: { id }, grants })}`,
})
const revoke = (body: unknown, grants: Grants = { '*:*': 'admin' }, at = server) =>
  at.post('/api/v1/access/revoke', body, bearer('root', grants))

interface Page {
  readonly acts: readonly { readonly id: number; readonly subject: string; readonly actor: string }[]
  readonly next: number | null
}

describe('revoking', () => {
  it.each<[string, unknown, Grants, number]>([
    ['a person everywhere, for an administrator', { user: 'x' }, { '*:*': 'admin' }, 200],
    ['a person everywhere, for nobody else', { user: 'x' }, { 'doc:*': 'admin', '*:*': 'write' }, 403],
    ['a room, for its admin', { room: 'doc:c' }, { 'doc:c': 'admin' }, 200],
    ['a person in a room, for its admin', { user: 'x', room: 'doc:d' }, { 'doc:*': 'admin' }, 200],
    ['a room, for none of its writers', { room: 'doc:e' }, { 'doc:e': 'write' }, 403],
    ['a room, for no admin of another', { room: 'doc:e' }, { 'doc:f': 'admin' }, 403],
    ['a room whose admin is only inherited by name', { room: 'doc:e' }, {}, 403],
  ])('[HTTP20] %s', async (_, body, grants, status) => {
    expect((await revoke(body, grants)).status).toBe(status)
  })

  it.each([
    [{}],
    [{ user: '' }],
    [{ user: 'line\nfeed' }],
    [{ room: 'nokind' }],
    [{ room: 'doc:*' }],
    [{ user: 'x', since: 'yesterday' }],
    [[]],
    ['not json'],
  ])('[HTTP20] refuses the body %j', async (body) => {
    expect((await refusalOf(await revoke(body))).status).toBe(400)
  })

  it('[HTTP20] needs a token', async () => {
    expect((await server.post('/api/v1/access/revoke', { user: 'x' })).status).toBe(401)
  })

  it('[HTTP21] takes the routes away too, from tokens of before it', async () => {
    const cut = await TestServer.start()
    onTestFinished(() => cut.close())
    await cut.room('doc:a')
    await cut.room('doc:b')
    const ada = bearer('ada', { 'doc:*': 'read' })
    const bob = bearer('bob', { 'doc:*': 'read' })
    const names = async (headers: Record<string, string>) => {
      const body = (await (await cut.get('/api/v1/rooms', { headers })).json()) as {
        rooms: { name: string }[]
      }
      return body.rooms.map(({ name }) => name).sort()
    }
    await revoke({ user: 'ada', room: 'doc:a' }, undefined, cut)
    expect(await names(ada)).toEqual(['doc:b'])
    expect(await refusalOf(await cut.get('/api/v1/rooms/doc:a', { headers: ada }))).toMatchObject({
      status: 403,
      code: 'revoked',
    })
    expect((await cut.get('/api/v1/rooms/doc:b', { headers: ada })).status).toBe(200)
    await revoke({ room: 'doc:b' }, undefined, cut)
    expect(await names(ada)).toEqual([])
    expect(await names(bob)).toEqual(['doc:a'])
    await revoke({ user: 'bob' }, undefined, cut)
    expect((await refusalOf(await cut.get('/api/v1/rooms', { headers: bob }))).code).toBe('revoked')
    const admin = {
      authorization: `Bearer ${signToken(SECRET, { user: { id: 'eve' }, grants: { '*:*': 'admin' } })}`,
    }
    await revoke({ user: 'eve' }, undefined, cut)
    expect((await refusalOf(await cut.post('/api/v1/access/revoke', { user: 'x' }, admin))).code).toBe(
      'revoked',
    )
  })

  it('[HTTP21] keeps one row for each who was revoked, however often, with the newest time', async () => {
    const times = new Revocations(server.database.pool)
    await times.start(startPulse(server.database))
    const first = await times.revoke({ user: 'often' }, 'root')
    const second = await times.revoke({ user: 'often' }, 'root')
    expect(second.at).toBeGreaterThanOrEqual(first.at)
    const { rows } = await server.database.pool.query(`select at from revocations where user_id = 'often'`)
    expect(rows.map(({ at }) => at.getTime())).toEqual([second.at])
    expect(() => times.check({ user: 'often', issuedAt: second.at })).toThrow()
    expect(() => times.check({ user: 'often', issuedAt: second.at + 1 })).not.toThrow()
  })
})

describe('the audit log', () => {
  it('[HTTP22] has every act, whole, with who did it, and pages without losing or repeating one', async () => {
    const many = await TestServer.start()
    onTestFinished(() => many.close())
    for (let index = 0; index < 7; index += 1) await revoke({ user: `u${index}` }, undefined, many)
    await revoke({ user: 'x' }, {}, many)
    const seen: Page['acts'][number][] = []
    let before = ''
    do {
      const headers = bearer('root', { '*:*': 'admin' })
      const page = (await (await many.get(`/api/v1/audit?limit=3${before}`, { headers })).json()) as Page
      seen.push(...page.acts)
      before = page.next === null ? '' : `&before=${page.next}`
    } while (before !== '')
    expect(seen.map(({ subject }) => subject)).toEqual([6, 5, 4, 3, 2, 1, 0].map((n) => `user:u${n}`))
    expect(seen[0]).toMatchObject({
      actor: 'root',
      act: 'access.revoke',
      details: { user: 'u6', room: null },
    })
  })

  it('[HTTP22] is for administrators alone', async () => {
    const others: readonly Grants[] = [{}, { 'doc:*': 'admin' }, { '*:*': 'write' }]
    for (const grants of others) {
      expect((await server.as(grants, '/api/v1/audit')).status).toBe(403)
    }
    expect((await server.get('/api/v1/audit')).status).toBe(401)
  })

  it('[HTTP22] an act that cannot be recorded is not done', async () => {
    const cut = await TestServer.start()
    onTestFinished(() => cut.close())
    await cut.database.pool.query('alter table audit_log rename to away')
    expect((await revoke({ user: 'ada' }, undefined, cut)).status).toBe(500)
    expect((await cut.database.pool.query('select from revocations')).rowCount).toBe(0)
  })
})

describe('the requests of an address', () => {
  it('[LIM10] are counted; one too many waits for as long as it is told, and health is always answered', async () => {
    const limited = await TestServer.start({ requestLimit: new RequestLimit(5) })
    onTestFinished(() => limited.close())
    for (let asked = 0; asked < 5; asked += 1) expect((await limited.get('/api/v1/info')).status).toBe(200)
    const sixth = await limited.get('/api/v1/info')
    expect(Number(sixth.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(Number(sixth.headers.get('retry-after'))).toBeLessThanOrEqual(10)
    expect(await refusalOf(sixth)).toMatchObject({ status: 429, code: 'rate-limited' })
    expect((await limited.get('/health/live')).status).toBe(200)
  })

  it('[LIM10] leave nothing for a batch of events that comes when they are used up', async () => {
    const limit = new RequestLimit(5)
    await limit.charge('198.51.100.1', 10)
    await limit.charge('198.51.100.1', 1_000)
    await expect(limit.charge('198.51.100.1', 20)).rejects.toMatchObject({ code: 'rate-limited' })
    expect(await limit.refusal('198.51.100.1')).toMatchObject({ code: 'rate-limited' })
    expect(await limit.refusal('198.51.100.2')).toBeUndefined()
  })

  it('[LIM10] are those of another address if they come from there', async () => {
    const trusted = trustedList(['127.0.0.1'])
    const limited = await TestServer.start({
      requestLimit: new RequestLimit(1),
      addressOf: (request) => clientAddress(request, trusted),
    })
    onTestFinished(() => limited.close())
    const from = (address: string) =>
      limited.get('/api/v1/info', { headers: { 'x-forwarded-for': address } }).then(({ status }) => status)
    expect([await from('198.51.100.1'), await from('198.51.100.1'), await from('198.51.100.2')]).toEqual([
      200, 429, 200,
    ])
  })
})

describe('where a request comes from', () => {
  const trusted = trustedList(['10.0.0.0/8', '2001:db8:aa::/48', '192.0.2.7'])
  const of = (peer: string, forwarded?: string) =>
    clientAddress(
      { socket: { remoteAddress: peer }, headers: { 'x-forwarded-for': forwarded } } as never,
      trusted,
    )

  it.each<[string, string, string | undefined, string]>([
    ['is the peer', '203.0.113.5', undefined, '203.0.113.5'],
    ['is the peer, whatever a stranger claims', '203.0.113.5', '198.51.100.1', '203.0.113.5'],
    ['is whom a trusted proxy names', '10.1.2.3', '198.51.100.1', '198.51.100.1'],
    ['is the last of many names', '10.1.2.3', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
    [
      'is reached through several trusted proxies',
      '10.1.2.3',
      '1.1.1.1, 198.51.100.1, 192.0.2.7',
      '198.51.100.1',
    ],
    ['is the proxy where it names nobody', '10.1.2.3', undefined, '10.1.2.3'],
    ['is the proxy where it names nonsense', '10.1.2.3', 'localhost', '10.1.2.3'],
    ['is IPv4 in an IPv6 socket', '::ffff:10.1.2.3', '::ffff:198.51.100.1', '198.51.100.1'],
    ['is the network of an IPv6 address', '2001:db8:bb::1', undefined, '2001:db8:bb:0::/64'],
    [
      'is the network of whom an IPv6 proxy names',
      '2001:db8:aa:1::9',
      '2001:db8:1:2:3:4:5:6',
      '2001:db8:1:2::/64',
    ],
  ])('[LIM11] %s', (_, peer, forwarded, expected) => {
    expect(of(peer, forwarded)).toBe(expected)
  })

  it('[LIM11] is the proxy itself where it names what is no address', async () => {
    const http = createServer((request, response) =>
      response.end(clientAddress(request, trustedList(['127.0.0.1']))),
    )
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void http.close())
    const address = http.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const answer = await fetch(`http://127.0.0.1:${port}`, {
      headers: { 'x-forwarded-for': '{"a":1}\\n, x' },
    })
    expect(await answer.text()).toBe('127.0.0.1')
  })
})
