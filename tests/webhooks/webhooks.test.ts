import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { Grants } from '../../server/protocol.ts'
import { query } from '../support/blocked-database.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { ServerProcess } from '../support/server-process.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'
import { type Receiver, startReceiver } from './receiver.ts'

const ENVIRONMENT = {
  JWT_SECRET: SECRET,
  WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
  // More than a busy machine stands still: a message that came late would come twice, and those are counted here.
  WEBHOOK_TIMEOUT_MS: '2500',
  WEBHOOK_RETRY_SECONDS: '0,0,600',
  CHANGED_QUIET_MS: '1000',
  CHANGED_WITHIN_MS: '3000',
}

let server: TestServer
let receiver: Receiver
beforeAll(async () => {
  receiver = await startReceiver()
  server = await startServer({
    env: ENVIRONMENT,
  })
})
afterEach(async () => {
  receiver.answer = () => 200
  for (const { id } of (await ask('GET', '/webhooks')).body.webhooks) await ask('DELETE', `/webhooks/${id}`)
})
afterAll(async () => {
  await server.dispose()
  await receiver.close()
})

const ADMIN = { '*:*': 'admin' } as const

async function ask(method: string, path: string, body?: unknown, grants: Grants = ADMIN) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${tokenOf('root', { grants })}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (response.status >= 500) throw new Error(`${text}\n${server.output()}`)
  // biome-ignore lint/suspicious/noExplicitAny: whatever the route answers
  return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as any }
}

let paths = 0
/** A webhook with a path of its own at the receiver. */
async function hook(wanted: Record<string, unknown>, at = receiver) {
  paths += 1
  const path = `/${paths}`
  const { status, body } = await ask('POST', '/webhooks', { url: `${at.url}${path}`, ...wanted })
  expect(status, JSON.stringify(body)).toBe(201)
  return {
    id: String(body.id),
    secret: String(body.secret),
    path,
    messages: () => at.messages(path),
    show: async () => (await ask('GET', `/webhooks/${body.id}`)).body,
    log: async (search = '') =>
      (await ask('GET', `/webhooks/${body.id}/deliveries${search}`)).body.deliveries,
  }
}

const say = async (room: string, id: string, text = 'hello', at = server.url) => {
  const response = await fetch(`${at}/api/v1/rooms/${room}/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${tokenOf('ada', { grants: { '*:*': 'write' } })}`,
      'content-type': 'application/json',
      'idempotency-key': id,
    },
    body: JSON.stringify({ type: 'chat.message', payload: { text } }),
  })
  if (!response.ok) throw new Error(await response.text())
}

const edit = async (room: string, words: readonly string[], user = 'ada') => {
  const replica = connectProvider({
    wsUrl: server.wsUrl,
    room,
    token: tokenOf(user, { grants: { '*:*': 'write' } }),
  })
  await replica.synced()
  for (const word of words) {
    replica.edits.push([word])
    await replica.saved()
  }
  replica.destroy()
}

describe('a webhook', () => {
  it('[HOOK1] [HOOK2] is told what it wants, of the rooms that it wants, and nothing else; each message is signed', async () => {
    const all = await hook({
      events: ['room.created', 'document.changed', 'version.created', 'room.erased', 'event:chat.message'],
      rooms: ['doc:told', 'talk:*'],
    })
    const other = await hook({ events: ['event:chat.*'], rooms: ['talk:other'] })
    await edit('doc:told', ['a', 'b', 'c'])
    await edit('doc:untold', ['a'])
    await say('talk:told', 'm1')
    await ask('POST', '/rooms/doc:told/versions', { title: 'First' })
    // What waits is erased with its room.
    await until(() => all.messages().length === 5)
    await ask('DELETE', '/rooms/doc:told')
    await until(() => all.messages().length > 5)
    const told = receiver.verified(all.secret, all.path)
    expect(new Set(told.map(({ id }) => id)).size).toBe(told.length)
    const of = (type: string, room: string) =>
      told.filter((one) => one.type === type && 'room' in one && one.room === room)
    expect(of('room.created', 'doc:told')).toMatchObject([
      { by: 'ada', at: expect.stringMatching(/^20.*Z$/) },
    ])
    expect(of('room.created', 'talk:told')).toHaveLength(1)
    expect(of('document.changed', 'doc:told')).toMatchObject([{ from: 1, to: 3, actors: ['ada'] }])
    expect(of('version.created', 'doc:told')).toMatchObject([
      { seq: 3, version: { kind: 'named', title: 'First', author: 'root' } },
    ])
    expect(of('event:chat.message', 'talk:told')).toMatchObject([
      { seq: 1, actor: 'ada', event: { id: 'm1', payload: { text: 'hello' } } },
    ])
    expect(of('room.erased', 'doc:told')).toMatchObject([{ by: 'root' }])
    expect(told).toHaveLength(6)
    expect(other.messages()).toHaveLength(0)
    await say('talk:other', 'm1')
    await until(() => other.messages().length === 1)
  })

  it('[HOOK1] is told of one change while people type, and of the next one when they go on', async () => {
    const told = await hook({ events: ['document.changed'], rooms: ['doc:typed'] })
    await Promise.all([edit('doc:typed', ['a', 'b'], 'ada'), edit('doc:typed', ['c', 'd'], 'bo')])
    await until(() => told.messages().length > 0)
    await edit('doc:typed', ['e'], 'bo')
    await until(() => told.messages().some((one) => one.type === 'document.changed' && one.to === 5))
    const ranges = told.messages().map((one) => (one.type === 'document.changed' ? [one.from, one.to] : []))
    expect(ranges.map(([from]) => from)).toEqual([1, ...ranges.slice(0, -1).map(([, to = 0]) => to + 1)])
    expect(told.messages()[0]).toMatchObject({ actors: expect.arrayContaining(['ada']) })
  })

  it('[HOOK4] is told again where it fails, under the same id, until it takes it or it was tried often enough', async () => {
    const flaky = await hook({ events: ['event:chat.message'], rooms: ['talk:flaky'] })
    receiver.answer = (_, nth) => (nth % 2 === 0 ? 200 : 500)
    if (receiver.received.length % 2 === 1) await fetch(receiver.url, { method: 'POST', body: '{}' })
    await say('talk:flaky', 'm1')
    await until(async () => (await flaky.log())[0]?.status === 'delivered')
    expect((await flaky.log())[0]).toMatchObject({
      attempts: 2,
      statusCode: 200,
      error: null,
      nextAttemptAt: null,
    })
    const [first, second] = flaky.messages()
    expect(second).toEqual(first)

    receiver.answer = () => ({ status: 503, headers: { 'retry-after': '300' } })
    await say('talk:flaky', 'm2')
    await until(
      async () => (await flaky.log())[0]?.attempts === 1 && (await flaky.log())[0]?.statusCode === 503,
    )
    const [waits] = await flaky.log('?status=waiting')
    expect(Date.parse(waits.nextAttemptAt) - Date.now()).toBeGreaterThan(200_000)
    expect((await flaky.show()).failingSince).not.toBeNull()
    // As if the time had come.
    receiver.answer = () => 500
    await query(
      server.databaseUrl,
      `update webhook_deliveries set next_at = now(), attempts = 3 where id = '${waits.id}'`,
    )
    await until(async () => (await flaky.log('?status=failed')).length === 1)
    expect((await flaky.log('?status=failed'))[0]).toMatchObject({
      attempts: 4,
      error: 'the receiver answered 500',
    })
    expect((await flaky.show()).active).toBe(true)
  })

  it('[HOOK4] is switched off by 410, or where it has failed for days; that is written down, and can be undone', async () => {
    const gone = await hook({ events: ['event:chat.message'], rooms: ['talk:gone'] })
    receiver.answer = () => 410
    await say('talk:gone', 'm1')
    await until(async () => !(await gone.show()).active)
    expect(await gone.show()).toMatchObject({ switchedOff: 'gone' })
    await say('talk:gone', 'm2')
    expect(await gone.log()).toMatchObject([{ status: 'failed', statusCode: 410, attempts: 1 }])
    const { acts } = (await ask('GET', '/audit')).body
    expect(acts[0]).toMatchObject({ actor: 'system', act: 'webhook.switch-off', details: { why: 'gone' } })

    await ask('PATCH', `/webhooks/${gone.id}`, { active: true })
    expect(await gone.show()).toMatchObject({ active: true, switchedOff: null, failingSince: null })
    // Not tried again while what follows pretends that it was.
    receiver.answer = () => ({ status: 503, headers: { 'retry-after': '300' } })
    await query(
      server.databaseUrl,
      `update webhooks set failing_since = now() - interval '4 days' where id = '${gone.id}'`,
    )
    await say('talk:gone', 'm3')
    await until(async () => (await gone.log())[0]?.statusCode === 503)
    await query(
      server.databaseUrl,
      `update webhook_deliveries set next_at = now(), attempts = 3 where webhook_id = '${gone.id}' and next_at is not null`,
    )
    await until(async () => !(await gone.show()).active)
    expect(await gone.show()).toMatchObject({ switchedOff: 'failing' })
  })

  it('[HOOK9] has a log of what it was sent, from which any of it is sent again: same id, signed anew', async () => {
    const told = await hook({ events: ['event:chat.message'], rooms: ['talk:log'] })
    for (const id of ['m1', 'm2', 'm3']) await say('talk:log', id)
    await until(async () => (await told.log('?status=delivered')).length === 3)
    const page = (await ask('GET', `/webhooks/${told.id}/deliveries?limit=2`)).body
    expect(page.deliveries.map(({ seq }: { seq: number }) => seq)).toEqual([3, 2])
    const rest = (await ask('GET', `/webhooks/${told.id}/deliveries?limit=2&after=${page.next}`)).body
    expect(rest).toMatchObject({
      deliveries: [{ seq: 1, status: 'delivered', attempts: 1, replays: 0 }],
      next: null,
    })
    const [{ id }] = rest.deliveries
    const one = (await ask('GET', `/webhooks/${told.id}/deliveries/${id}`)).body
    expect(one.message).toEqual(told.messages()[0])
    const again = await ask('POST', `/webhooks/${told.id}/deliveries/${id}/replay`)
    expect(again).toMatchObject({ status: 202, body: { id, status: 'waiting', replays: 1 } })
    await until(() => told.messages().length === 4)
    expect(receiver.verified(told.secret, told.path)[3]).toEqual(one.message)
    const signatures = receiver.received
      .filter(({ path }) => path === told.path)
      .map(({ headers }) => headers['webhook-id'])
    expect(signatures[3]).toBe(signatures[0])
    // Of a webhook that is deleted there is no delivery, whenever the housekeeping comes.
    const other = await hook({ events: ['event:chat.message'] })
    await ask('POST', `/webhooks/${other.id}/test`)
    const [{ id: theirs }] = await other.log()
    await ask('DELETE', `/webhooks/${other.id}`)
    for (const [method, path] of [
      ['GET', theirs],
      ['POST', `${theirs}/replay`],
    ])
      expect((await ask(method ?? '', `/webhooks/${other.id}/deliveries/${path}`)).status).toBe(404)
    const ping = await ask('POST', `/webhooks/${told.id}/test`)
    expect(ping).toMatchObject({ status: 202, body: { type: 'ping', room: null, status: 'waiting' } })
    await until(() => told.messages().some(({ type }) => type === 'ping'))
  })

  it('[HOOK8] gets a new secret, and for a day messages are signed with both', async () => {
    const told = await hook({ events: ['event:chat.message'], rooms: ['talk:secret'] })
    const { body } = await ask('POST', `/webhooks/${told.id}/secret`)
    expect(Date.parse(body.previousSecretUntil) - Date.now()).toBeGreaterThan(23 * 3_600_000)
    await say('talk:secret', 'm1')
    await until(() => told.messages().length === 1)
    expect(receiver.verified(told.secret, told.path)).toEqual(receiver.verified(body.secret, told.path))
    await query(server.databaseUrl, `update webhooks set previous_until = now() where id = '${told.id}'`)
    await say('talk:secret', 'm2')
    await until(() => told.messages().length === 2)
    expect(() => receiver.verified(told.secret, told.path)).toThrow('no signature')
  })

  it('[HOOK8] is administrators’ alone; each act is in the audit log, and the secret nowhere', async () => {
    const { id, secret } = await hook({ events: ['event:*'], rooms: ['talk:none'], description: 'for CI' })
    const url = `${receiver.url}/T00/in-the-address?key=and-behind-it`
    await ask('PATCH', `/webhooks/${id}`, { description: 'for builds', url })
    await ask('POST', `/webhooks/${id}/secret`)
    const anything: readonly [string, string, unknown?][] = [
      ['GET', '/webhooks'],
      ['POST', '/webhooks', { url: receiver.url, events: ['event:*'] }],
      ['GET', `/webhooks/${id}`],
      ['PATCH', `/webhooks/${id}`, {}],
      ['DELETE', `/webhooks/${id}`],
      ['POST', `/webhooks/${id}/test`],
      ['POST', `/webhooks/${id}/secret`],
      ['GET', `/webhooks/${id}/deliveries`],
      ['GET', `/webhooks/${id}/deliveries/${id}`],
      ['POST', `/webhooks/${id}/deliveries/${id}/replay`],
    ]
    for (const [method, path, body] of anything)
      expect((await ask(method, path, body, { '*:*': 'write', 'doc:*': 'admin' })).status, path).toBe(403)
    const acts = JSON.stringify((await ask('GET', '/audit?limit=4')).body)
    for (const act of ['create', 'change', 'rotate']) expect(acts).toContain(`webhook.${act}`)
    expect(acts).toContain(`"url":"${receiver.url}"`)
    expect(acts).not.toMatch(/in-the-address|and-behind-it/)
    expect(acts + JSON.stringify((await ask('GET', '/webhooks')).body)).not.toContain(secret)
    expect((await ask('GET', `/webhooks/${id}`)).body).toMatchObject({
      description: 'for builds',
      waiting: 0,
    })
  })

  it.each([
    ['a private address', { url: 'https://10.0.0.1/' }, 422, 'webhook-address-refused', 'private network'],
    [
      'a public address without TLS',
      { url: 'http://93.184.216.34/' },
      422,
      'webhook-address-refused',
      'https',
    ],
    ['a user in it', { url: 'https://me@127.0.0.1/' }, 422, 'webhook-address-refused', 'user'],
    ['no event', { events: [] }, 400, 'request-invalid', 'events'],
    ['an event that no room has', { events: ['event:chat.massage'] }, 400, 'request-invalid', 'chat.massage'],
    ['a room that can never be', { rooms: ['every room'] }, 400, 'request-invalid', 'rooms'],
    ['something unknown', { colour: 'red' }, 400, 'request-invalid', 'colour'],
  ])('[HOOK6] with %s is refused, and nothing is kept of it', async (_, wrong, status, code, why) => {
    const refused = await ask('POST', '/webhooks', { url: receiver.url, events: ['event:*'], ...wrong })
    expect(refused).toMatchObject({
      status,
      body: { error: { code, message: expect.stringContaining(why) } },
    })
    expect((await ask('GET', '/webhooks')).body.webhooks).toEqual([])
  })
})

describe('a receiver', () => {
  it('[HOOK5] that never answers holds up no other, and no edits', async () => {
    const slow = await startReceiver()
    slow.answer = () => 'silence'
    const never = await hook({ events: ['event:chat.message'] }, slow)
    const quick = await hook({ events: ['event:chat.message'], rooms: ['talk:quick'] })
    for (let n = 0; n < 12; n += 1) await say(`talk:slow-${n}`, 'm')
    await until(() => slow.received.length >= 4)
    await say('talk:quick', 'm')
    await edit('doc:quick', ['a'])
    await until(() => quick.messages().length === 1)
    expect(await never.log('?status=delivered')).toEqual([])
    await until(async () =>
      (await never.log()).some(({ error }: { error: string }) => /no answer within/.test(error)),
    )
    await slow.close()
  })

  it('[HOOK4] [HOOK5] that would speak another protocol has not taken it, and holds up nothing', async () => {
    const upgrading = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
      )
    })
    upgrading.listen(0, '127.0.0.1')
    await once(upgrading, 'listening')
    const { port } = upgrading.address() as AddressInfo
    const { body } = await ask('POST', '/webhooks', {
      url: `http://127.0.0.1:${port}/`,
      events: ['event:chat.message'],
      rooms: ['talk:upgrade'],
    })
    await say('talk:upgrade', 'm1')
    const log = async () => (await ask('GET', `/webhooks/${body.id}/deliveries`)).body.deliveries
    await until(async () => (await log())[0]?.error !== null)
    expect(await log()).toMatchObject([
      { statusCode: null, error: expect.stringContaining('without an answer') },
    ])
    upgrading.close()
  })

  it('[HOOK10] that takes everything is told of a room in the order of its log', async () => {
    const told = await hook({ events: ['event:chat.message'], rooms: ['talk:order', 'talk:order2'] })
    await Promise.all(
      ['talk:order', 'talk:order2'].map(async (room) => {
        for (let n = 0; n < 15; n += 1) await say(room, `m${n}`)
      }),
    )
    await until(() => told.messages().length === 30)
    for (const room of ['talk:order', 'talk:order2']) {
      const seqs = told.messages().map((one) => ('seq' in one && one.room === room ? one.seq : 0))
      expect(seqs.filter((seq) => seq > 0)).toEqual(Array.from({ length: 15 }, (_, n) => n + 1))
    }
  })
})

describe('notifications', () => {
  it('[HOOK15] come to an application that is told of user.notified: what a person has not switched off, and nothing else', async () => {
    const told = await hook({ events: ['event:user.notified'], rooms: ['user:*'] })
    const notify = (user: string, category: string, title: string) =>
      ask('POST', `/users/${user}/notifications`, { category, title })
    const preferences = async () => (await ask('GET', '/users/zoe/notifications')).body.preferences
    const published = await fetch(`${server.url}/api/v1/rooms/user:zoe/events`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${tokenOf('zoe', { grants: {} })}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ type: 'user.preferences', payload: { ways: { build: 'none' } } }),
    })
    expect(published.status, await published.text()).toBe(200)
    await until(async () => (await preferences()).ways.build === 'none')
    expect((await notify('zoe', 'build', 'switched off')).body.told).toBe('never')
    // The control: who has not switched it off is told of the same, and she of all else.
    await notify('yan', 'build', 'not switched off')
    await notify('zoe', 'system', 'of another category')
    await until(() => told.messages().length === 2)
    await until(async () => (await told.show()).waiting === 0)
    expect(
      told
        .messages()
        .map((one) => ('event' in one ? [one.room, one.event.payload] : []))
        .sort(),
    ).toMatchObject([
      ['user:yan', { category: 'build', title: 'not switched off' }],
      ['user:zoe', { category: 'system', title: 'of another category' }],
    ])
  })
})

describe('what is erased', () => {
  it('[HOOK12] is not told of any more, and stands in no log of deliveries', async () => {
    const told = await hook({ events: ['event:chat.message', 'room.erased'], rooms: ['talk:erased'] })
    receiver.answer = () => ({ status: 503, headers: { 'retry-after': '600' } })
    await say('talk:erased', 'm1', 'something private')
    await until(async () => (await told.log())[0]?.statusCode === 503)
    receiver.answer = () => 200
    await ask('DELETE', '/rooms/talk:erased')
    await until(() => told.messages().some(({ type }) => type === 'room.erased'))
    const kept = await query(
      server.databaseUrl,
      `select type, data::text from webhook_deliveries where webhook_id = '${told.id}'`,
    )
    expect(kept).toMatchObject([{ type: 'room.erased' }])
    await until(async () => (await told.log('?status=delivered')).length === 1)
    await ask('DELETE', '/rooms/talk:erased/tombstone')
    expect(await told.log()).toEqual([])
  })
})

describe('several nodes', () => {
  it('[HOOK11] tell of each thing once, whichever of them committed it', async () => {
    const second = await ServerProcess.start({
      env: () => ({ DATABASE_URL: server.databaseUrl, STUDIO: 'off', LOG_LEVEL: 'info', ...ENVIRONMENT }),
    })
    const told = await hook({
      events: ['event:chat.message', 'document.changed'],
      rooms: ['talk:*', 'doc:nodes'],
    })
    await Promise.all(
      [server.url, second.url].map(async (url, node) => {
        for (let n = 0; n < 10; n += 1) await say(`talk:nodes-${n % 3}`, `node${node}-${n}`, 'hello', url)
      }),
    )
    await edit('doc:nodes', ['a'])
    await until(() => told.messages().length >= 21)
    await until(async () => (await told.show()).waiting === 0)
    expect(await second.end('SIGTERM')).toBe(0)
    expect(new Set(told.messages().map(({ id }) => id)).size).toBe(21)
    expect(told.messages()).toHaveLength(21)
  })
})

describe('a server that is killed', () => {
  it('[HOOK3] right after a commit still tells of it when it is back, and of what was on its way once more under the same id', async () => {
    const told = await hook({ events: ['event:chat.message', 'document.changed'] })
    receiver.answer = () => 'silence'
    await say('talk:kill', 'm1')
    await until(() => told.messages().length === 1)
    await edit('doc:kill', ['a'])
    await say('talk:kill', 'm2')
    await server.kill9()
    receiver.answer = () => 200
    await server.restart()
    // However often it was tried before it was killed.
    await query(server.databaseUrl, 'update webhook_deliveries set next_at = now() where next_at is not null')
    await until(async () => (await told.log('?status=delivered')).length === 3)
    const texts = told.messages().map((one) => ('event' in one ? one.event.id : one.type))
    expect(texts.filter((text) => text === 'm1').length).toBeGreaterThan(1)
    expect(new Set(texts)).toEqual(new Set(['m1', 'm2', 'document.changed']))
    const ids = told
      .messages()
      .filter((one) => 'event' in one && one.event.id === 'm1')
      .map(({ id }) => id)
    expect(new Set(ids).size).toBe(1)
  })

  it('[HOOK3] has a control: what the commit has not written is told by nobody', async () => {
    const told = await hook({ events: ['event:chat.message'], rooms: ['talk:control'] })
    await query(server.databaseUrl, 'alter table room_events disable trigger tell_webhooks')
    await say('talk:control', 'm1')
    await query(server.databaseUrl, 'alter table room_events enable trigger tell_webhooks')
    await say('talk:control', 'm2')
    await until(() => told.messages().length > 0)
    expect(told.messages()).toMatchObject([{ event: { id: 'm2' } }])
  })
})
