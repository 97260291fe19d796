import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type Client, connect, type EventOf } from '../../client/sdk/index.ts'
import type { Grants } from '../../server/protocol.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'
import { Somebody } from './people.ts'

let server: TestServer
let other: TestServer
let ada: Somebody
let bob: Somebody
let eve: Somebody
let root: Somebody

const soon = { timeout: 20_000, interval: 20 }

beforeAll(async () => {
  server = await startServer({ env: { JWT_SECRET: SECRET } })
  // Another node on the same database.
  other = await startServer({ env: { JWT_SECRET: SECRET, DATABASE_URL: server.databaseUrl } })
  ada = enter('ada')
  bob = enter('bob')
  eve = enter('eve')
  root = enter('root', { '*:*': 'admin' })
}, 60_000)
afterAll(() => Promise.all([server?.dispose(), other?.dispose()]))

const enter = (id: string, grants: Grants = { 'chat:*': 'admin' }, node = server): Somebody =>
  Somebody.with(node, id, tokenOf(id, { grants }))

function client({ url }: TestServer, id: string): Client {
  const made = connect({ url, token: enter(id).token, user: { id, name: id } })
  onTestFinished(() => made.destroy())
  return made
}

/** Somebody's connection to a room, and what they are told there. */
async function listen(to: TestServer, id: string, name: string) {
  const room = client(to, id).room(name)
  const told: EventOf[] = []
  const caughtUp = Promise.withResolvers<void>()
  room.listen({ events: (events) => told.push(...events), caughtUp: caughtUp.resolve }, 'start')
  await caughtUp.promise
  return { room, told }
}

describe('who belongs to a chat', () => {
  it('[CHAT1] is told of it, and nobody else is on any route, administrators neither', async () => {
    const room = await ada.group('canary-title', bob)
    await ada.say(room, 'canary-text before', 'canary-id')
    await vi.waitFor(async () => expect((await bob.messages(room)).messages).toHaveLength(1), soon)
    await bob.read(room, 2)
    const inbox = '/users/bob/notifications'
    await bob.publish('user:bob', 'user.preferences', { muted: { [room]: true } })
    await vi.waitFor(
      async () =>
        expect(await bob.ask('GET', inbox)).toMatchObject({
          notifications: [{ payload: { source: { room } } }],
          unread: 1,
          unseen: 1,
          preferences: { muted: [room] },
        }),
      soon,
    )
    expect(await root.ask('GET', inbox)).toMatchObject({ notifications: [], unread: 0, unseen: 0 })
    const name = encodeURIComponent(room)
    const paths = [
      inbox,
      '/chats',
      '/chats/unread',
      '/chats/search?q=canary-text',
      `/chats/search?q=canary-text&room=${name}`,
      `/chats/${name}`,
      '/rooms?limit=100',
      '/rooms?limit=100&kind=chat',
      '/admin/rooms?limit=100',
      '/admin/rooms?search=canary',
      ...[
        '',
        '/messages',
        '/events',
        '/entries',
        '/timeline',
        '/sessions',
        '/versions',
        '/content',
        '/activity',
      ].map((of) => `/rooms/${name}${of}`),
      `/rooms/${name}/retention`,
    ]
    const heard = (somebody: Somebody) => Promise.all(paths.map((path) => somebody.ask('GET', path)))
    for (const stranger of [eve, root]) {
      const answers = JSON.stringify(await heard(stranger))
      expect(answers).not.toContain('canary')
      expect(answers).not.toContain(room)
      // Word for word what they are told of a chat that was never there.
      for (const of of ['', '/messages', '/events', '/entries'])
        expect(await stranger.ask('GET', `/rooms/${name}${of}`)).toEqual(
          await stranger.ask('GET', `/rooms/chat:never${of}`),
        )
      expect(await stranger.say(room, 'intruding')).toBe('forbidden')
      expect(await stranger.read(room, 1)).toBe('forbidden')
      expect(await stranger.ask('DELETE', `/rooms/${name}`)).toBe('forbidden')
      expect(await stranger.ask('POST', `/rooms/${name}/events/ticket`)).toBe('forbidden')
    }
    const stranger = client(server, 'eve').room(room)
    const heardLive: unknown[] = []
    stranger.listen({ events: (events) => heardLive.push(...events) }, 'start')
    stranger.onSignal('syncline.read', (signal) => heardLive.push(signal))
    await vi.waitFor(() => expect(stranger.status).toBe('refused'), soon)
    await ada.say(room, 'canary-text live')
    expect(heardLive).toEqual([])
    // That a member is told shows that a stranger could have been.
    const member = JSON.stringify(await heard(bob))
    for (const said of ['canary-title', 'canary-text before', 'canary-id', room])
      expect(member).toContain(said)
  })

  it('[CHAT1] can be no more there than their token grants, and nobody creates a chat by entering it', async () => {
    const reader = enter('reader', { 'chat:*': 'read' })
    const without = enter('without', { 'doc:*': 'write' })
    const room = await ada.group('Granted', reader, without)
    await ada.say(room, 'hello')
    await vi.waitFor(async () => expect((await reader.messages(room)).messages).toHaveLength(1), soon)
    expect(await reader.say(room, 'hi')).toBe('event-forbidden')
    expect(await without.messages(room)).toBe('forbidden')
    expect(await without.ask('GET', '/chats')).toEqual({ chats: [] })
    expect(await without.ask('GET', '/chats/unread')).toEqual({ total: 0, rooms: {} })
    expect(await without.ask('GET', '/chats/search?q=hello')).toEqual({ messages: [] })
    expect(await reader.ask('POST', '/chats', { title: 'No', members: [] })).toBe('forbidden')
    expect(await ada.say('chat:mine', 'hello')).toBe('forbidden')
  })

  it('[CHAT2] is decided once for two people: one room from either side, at once and on two nodes', async () => {
    const pairs = await Promise.all(
      [server, other].flatMap((node) =>
        [ada, bob].map((one) =>
          Promise.all([1, 2].map(() => enter(one.id, undefined, node).direct(one === ada ? bob : ada))),
        ),
      ),
    )
    const [room = ''] = pairs.flat()
    expect(new Set(pairs.flat()).size).toBe(1)
    expect(await ada.direct(eve)).not.toBe(room)
    expect(await ada.ask('POST', '/chats', { direct: 'ada' })).toBe('request-invalid')
    const { members, direct } = await bob.ask('GET', `/chats/${room}`)
    expect([direct, members.map(({ id }: { id: string }) => id)]).toEqual([true, ['ada', 'bob']])
    // Both talk, and neither can make it anything else.
    expect(await bob.say(room, 'hi')).toMatchObject({ events: [{}] })
    for (const [type, payload] of [
      ['chat.invited', { users: ['eve'] }],
      ['chat.left', {}],
      ['chat.removed', { user: 'ada' }],
      ['chat.renamed', { title: 'x' }],
      ['chat.created', { members: ['eve'] }],
    ] as const)
      expect(await bob.publish(room, type, payload), type).toBe('event-forbidden')
    expect(await eve.messages(room)).toBe('forbidden')
  })

  it('[CHAT2] makes a group once for one key of one person', async () => {
    const make = (who: Somebody, key: string) =>
      who.ask('POST', '/chats', { title: 'Once', members: ['bob'] }, { 'idempotency-key': key })
    const [one, again, others] = await Promise.all([make(ada, 'k'), make(ada, 'k'), make(eve, 'k')])
    expect(again.room).toBe(one.room)
    expect(others.room).not.toBe(one.room)
  })

  it('[CHAT3] changes on all nodes within a second, for those who stand connected and only listen too', async () => {
    const room = await ada.group('Leaving', bob, eve)
    const [here, elsewhere, left] = await Promise.all([
      listen(server, 'bob', room),
      listen(other, 'bob', room),
      listen(other, 'eve', room),
    ])
    const stream = await fetch(`${other.url}/api/v1/rooms/${room}/events`, {
      headers: { authorization: `Bearer ${eve.token}`, accept: 'text/event-stream' },
    })
    expect(await bob.publish(room, 'chat.removed', { user: 'eve' })).toBe('event-forbidden')
    await ada.publish(room, 'chat.removed', { user: 'bob' })
    await eve.publish(room, 'chat.left', {})
    await vi.waitFor(() => {
      for (const { room } of [here, elsewhere, left]) expect(room.status).toBe('refused')
    }, soon)
    expect(await stream.text()).toContain('forbidden')
    await ada.say(room, 'canary')
    expect(await bob.messages(room)).toBe('forbidden')
    expect((await eve.ask('GET', '/chats')).chats.map((chat: { room: string }) => chat.room)).not.toContain(
      room,
    )
    expect(JSON.stringify([here.told, elsewhere.told, left.told])).not.toContain('canary')
    // Invited again, they read all of it, and what was said meanwhile was never unread.
    await ada.publish(room, 'chat.invited', { users: ['bob', 'bob'] })
    await vi.waitFor(async () => expect((await bob.messages(room)).messages).toHaveLength(1), soon)
    expect((await bob.ask('GET', `/chats/${room}`)).unread).toBe(0)
  })

  it('[CHAT3] removes somebody though nobody can be told of what was said before', async () => {
    const room = await ada.group('Loud', bob, eve)
    const database = new pg.Client({ connectionString: server.databaseUrl })
    await database.connect()
    // What somebody wants to be told is asked before they are told.
    await database.query('begin')
    await database.query('lock table notification_preferences in access exclusive mode')
    await ada.publish(room, 'chat.message', { text: 'Look, @bob', mentions: ['bob'] })
    await ada.publish(room, 'chat.removed', { user: 'eve' })
    await vi
      .waitFor(async () => expect(await eve.messages(room)).toBe('forbidden'), soon)
      .finally(() => database.end())
    await vi.waitFor(
      async () =>
        expect((await bob.ask('GET', '/users/bob/notifications')).notifications[0]).toMatchObject({
          payload: { category: 'mention', source: { room } },
        }),
      soon,
    )
  })

  it('[CHAT3] hands a chat that its administrator left to whoever has been there longest', async () => {
    const room = await ada.group('Heirs', bob)
    await ada.publish(room, 'chat.invited', { users: ['eve'] })
    await ada.publish(room, 'chat.left', {})
    await vi.waitFor(async () => {
      const { members } = await bob.ask('GET', `/chats/${room}`)
      expect(members.map(({ id, role }: { id: string; role: string }) => `${id} ${role}`)).toEqual([
        'bob admin',
        'eve write',
      ])
    }, soon)
    expect(await bob.publish(room, 'chat.removed', { user: 'eve' })).toMatchObject({ events: [{}] })
  })

  it('[CHAT11] writes to nobody directly who has blocked them, until that is taken back', async () => {
    const [cy, dan] = [enter('cy'), enter('dan')]
    const room = await cy.direct(dan)
    await cy.say(room, 'hi')
    const { room: open } = await listen(other, 'cy', room)
    await dan.ask('PUT', '/chats/blocked/cy', { blocked: true })
    expect(await dan.ask('GET', '/chats/blocked')).toEqual({ users: ['cy'] })
    expect(await cy.say(room, 'still there?')).toBe('event-forbidden')
    await vi.waitFor(
      () => expect(open.publish('chat.message', { text: 'here neither' })).rejects.toThrow(),
      soon,
    )
    const count = async () => (await cy.ask('GET', `/rooms/${room}/events`)).events.length
    const before = await count()
    await expect(open.publish('chat.message', { text: 'nor here' })).rejects.toThrow()
    expect(await count()).toBe(before)
    expect(await cy.ask('POST', '/chats', { direct: 'dan' })).toBe('blocked')
    // Nor do they draw them into a group.
    const group = await cy.group('Come', dan, bob)
    expect(await dan.messages(group)).toBe('forbidden')
    await dan.ask('PUT', '/chats/blocked/cy', { blocked: false })
    expect(await cy.say(room, 'thanks')).toMatchObject({ events: [{}] })
  })
})
