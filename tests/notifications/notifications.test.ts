import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connect, inboxOf as inboxWith } from '../../client/sdk/index.ts'
import { notificationId } from '../../server/notifications/notifier.ts'
import type { Grants } from '../../server/protocol.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { requests } from './requests.ts'

let server: TestServer
let ask: ReturnType<typeof requests>['ask']
let inboxOf: ReturnType<typeof requests>['inboxOf']
let titles: ReturnType<typeof requests>['titles']
let send: ReturnType<typeof requests>['send']
let say: ReturnType<typeof requests>['say']
let publish: ReturnType<typeof requests>['publish']

beforeAll(async () => {
  server = await startServer({ env: { MAX_REQUESTS_PER_ADDRESS: '1000000' } })
  ;({ ask, inboxOf, titles, send, say, publish } = requests(server))
})
afterAll(() => server?.dispose())

/** People whom no other test knows. */
let ada: string
let bob: string
let carl: string
let dora: string
let eve: string
beforeEach(() => {
  ;[ada = '', bob = '', carl = '', dora = '', eve = ''] = ['ada', 'bob', 'carl', 'dora', 'eve'].map(
    (name) => `${name}-${randomUUID().slice(0, 8)}`,
  )
})

const has = (user: string, ...wanted: readonly string[]) =>
  until(async () => JSON.stringify(await titles(user)) === JSON.stringify(wanted))

/** In one question: what is handed on is at each moment in one of the two. */
const WAITING = 'select room_id from event_queue union all select room_id from telling_queue limit 1'

/** Resolves when whatever was published in these rooms before was followed, so that who was not told by now never is. */
async function followed(): Promise<void> {
  const probe = `project:probe-${randomUUID()}`
  await publish(probe, ada, 'project.member.joined', { user: `probe-${probe.slice(-8)}` })
  const client = new pg.Client({ connectionString: server.databaseUrl })
  await client.connect()
  try {
    await until(async () => (await client.query(WAITING)).rowCount === 0)
  } finally {
    await client.end()
  }
}

describe('an inbox', () => {
  it('[NOTE1] has what a backend sends, newest first, in pages, each once however often it is sent', async () => {
    for (const n of [1, 2, 3, 2, 3])
      expect((await send(ada, { category: 'build', title: `number ${n}` }, `key-${n}`)).body.told).toBe('now')
    await has(ada, 'number 3', 'number 2', 'number 1')
    const first = await inboxOf(ada, '?limit=2')
    expect(first).toMatchObject({ unread: 3, unseen: 3, seenUntil: 0, seq: 3, next: 2 })
    expect(await titles(ada, `?limit=2&before=${first.next}`)).toEqual(['number 1'])
    expect((await send(ada, { category: 'build', title: 'another' }, 'key-3')).status).toBe(409)
  })

  it('[NOTE2] counts what is unread and unseen, by what is said in its room', async () => {
    for (const n of [1, 2, 3, 4]) await send(ada, { category: 'build', title: `number ${n}` })
    await until(async () => (await inboxOf(ada)).unread === 4)
    const [newest] = (await inboxOf(ada)).notifications
    await say(ada, 'seen', { until: 2 })
    await until(async () => (await inboxOf(ada)).unseen === 2)
    // Back again is not said by an older device that comes late.
    await say(ada, 'seen', { until: 1 })
    await say(ada, 'read', { ids: [newest.id, 'no such one'] })
    await until(async () => (await inboxOf(ada)).unread === 3)
    expect(await inboxOf(ada)).toMatchObject({ unseen: 1, seenUntil: 2 })
    await say(ada, 'archived', { ids: [newest.id] })
    await until(async () => (await inboxOf(ada, '?filter=archived')).notifications.length === 1)
    await say(ada, 'all_read', { until: 2 })
    await until(async () => (await inboxOf(ada)).unread === 1)
    expect(await titles(ada, '?filter=unread')).toEqual(['number 3'])
    await say(ada, 'unread', { ids: [(await inboxOf(ada)).notifications[2].id] })
    await until(async () => (await inboxOf(ada)).unread === 2)
    // What is to come was not seen, whatever is said.
    await say(ada, 'seen', { until: 1_000_000 })
    await send(ada, { category: 'build', title: 'later' })
    await until(async () => (await inboxOf(ada)).unseen === 1)
  })

  it('[NOTE3] is read by its owner and by grants that name it, and nobody writes into their own', async () => {
    const read = (user: string, grants: Grants) => ask('GET', `/users/${ada}/notifications`, user, grants)
    expect((await read(ada, {})).status).toBe(200)
    expect((await read('eve', {})).status).toBe(403)
    expect((await read('eve', { '*:*': 'write' })).status).toBe(403)
    expect((await read('eve', { [`user:${ada}`]: 'read' })).status).toBe(200)
    expect((await read('root', { '*:*': 'admin' })).status).toBe(200)
    const forged = { category: 'system', title: 'Ada was promoted' }
    const post = (user: string, grants: Grants) =>
      ask('POST', `/users/${ada}/notifications`, user, grants, forged)
    expect((await post(ada, {})).status).toBe(403)
    expect((await post(ada, { [`user:${ada}`]: 'write' })).status).toBe(403)
    expect((await post('eve', { '*:*': 'write' })).status).toBe(403)
    expect((await post('eve', { [`user:${ada}`]: 'read' })).status).toBe(403)
    expect((await say(ada, 'notified', forged)).status).toBe(403)
    expect((await inboxOf(ada)).notifications).toEqual([])
    expect((await post('root', { '*:*': 'admin' })).status).toBe(200)
  })
})

it('[NOTE22] the client shows at once what one does, and takes it back where the server does not take it', async () => {
  await send(ada, { category: 'build', title: 'one' })
  const client = connect({ url: server.url, token: await server.token(ada, {}), offline: false })
  const inbox = inboxWith(client)
  const stop = inbox.subscribe(() => undefined)
  try {
    await until(() => inbox.getState().unread === 1)
    const ids = inbox.getState().notifications.map(({ id }) => id)
    // More at once than an event may name.
    inbox.archive([...ids, ...Array.from({ length: 500 }, (_, n) => `none-${n}`)])
    expect(inbox.getState()).toMatchObject({ unread: 0, notifications: [] })
    await until(() => inbox.getState().refusal?.code === 'event-invalid')
    expect(inbox.getState()).toMatchObject({ unread: 1, notifications: [{ id: ids[0] }] })
    inbox.markRead(ids)
    expect(inbox.getState()).toMatchObject({ unread: 0, refusal: undefined })
    await until(async () => (await inboxOf(ada)).unread === 0)
    expect(inbox.getState().unread).toBe(0)
  } finally {
    stop()
    await client.destroy()
  }
})

describe('what happens elsewhere', () => {
  it('[NOTE10] a failed build is told to who began it and to the members of its project, and not to who says it', async () => {
    const project = randomUUID().slice(0, 8)
    for (const user of [ada, bob, eve])
      await publish(`project:${project}`, 'lead', 'project.member.joined', { user })
    await publish(`project:${project}`, 'lead', 'project.member.left', { user: eve })
    // Whoever has no inbox holds up nobody, and an id is as long as it may be.
    const longest = '😀'.repeat(128)
    for (const user of ['*', dora])
      expect((await publish(`project:${project}`, longest, 'project.member.joined', { user })).status).toBe(
        200,
      )
    await has(dora, 'You were added to a project')
    await publish(`project:${project}`, 'lead', 'project.member.left', { user: dora })
    await followed()
    const room = `build:${project}`
    await publish(room, bob, 'build.created', { title: 'main', project })
    // A text that ends within a character would be no text.
    await publish(room, 'ci', 'build.failed', { message: `${'x'.repeat(1_998)}😀😀` })
    for (const user of [ada, bob]) await has(user, 'Build failed: main', 'You were added to a project')
    expect((await inboxOf(bob)).notifications[0].payload).toMatchObject({
      category: 'build',
      from: 'ci',
      group: `project:${project}`,
      source: { room, seq: 2 },
    })
    await publish(room, ada, 'build.failed', { message: 'again' })
    const deployment = `deployment:${project}`
    await publish(deployment, 'ci', 'deployment.started', { environment: 'staging', project })
    await publish(deployment, 'ci', 'deployment.failed', { message: 'no room' })
    await has(ada, 'Deployment failed: staging', 'Build failed: main', 'You were added to a project')
    await followed()
    expect(await titles(eve)).toEqual(['You were added to a project'])
    expect(await titles('ci')).toEqual([])
  })

  it('[NOTE11] a mention or an answer in a chat is told to its members who want to hear it, with nothing that was said', async () => {
    const members = [bob, carl, dora]
    const chat = (await ask('POST', '/chats', ada, { 'chat:*': 'write' }, { title: 'Plan', members })).body
      .room
    for (const user of members) await has(user, 'You were added to a chat')
    // It brings nobody into the chat: whoever is there was told, and whoever is not is not.
    for (const [type, payload] of [
      ['chat.created', { members: [bob, eve] }],
      ['chat.invited', { users: [bob] }],
    ] as const)
      expect(
        (await ask('POST', `/rooms/${chat}/events`, ada, { 'chat:*': 'admin' }, { type, payload })).status,
      ).toBe(200)
    await say(carl, 'preferences', { muted: { [chat]: true } })
    await followed()
    await ask('PUT', `/chats/blocked/${ada}`, dora, { 'chat:*': 'write' }, { blocked: true })
    const secret = `canary-${randomUUID()}`
    const speak = (user: string, payload: object, id?: string) =>
      ask('POST', `/rooms/${chat}/events`, user, { 'chat:*': 'write' }, { type: 'chat.message', payload, id })
    expect((await speak(bob, { text: 'what now?' }, 'question')).status).toBe(200)
    const mentions = [ada, bob, carl, dora, eve]
    expect((await speak(ada, { text: secret, mentions, answers: 'question' })).status).toBe(200)
    expect((await speak(carl, { text: secret, answers: 'question' })).status).toBe(200)
    await has(bob, 'Your message was answered', 'You were mentioned', 'You were added to a chat')
    await followed()
    expect(await titles(ada)).toEqual([])
    expect(await titles(carl)).toEqual(['You were added to a chat'])
    expect(await titles(dora)).toEqual(['You were added to a chat'])
    // Somebody outside learns nothing of it, not even that it is there.
    expect(JSON.stringify(await inboxOf(eve))).not.toContain(chat)
    for (const user of [ada, bob, carl, dora])
      expect(JSON.stringify(await inboxOf(user))).not.toContain(secret)
  })

  it('[NOTE12] a comment names those who have been in its room, until that is taken from them', async () => {
    const room = `doc:${randomUUID()}`
    for (const user of [ada, bob, carl, dora]) {
      const there = connectProvider({
        wsUrl: server.wsUrl,
        room,
        token: await server.token(user, { [room]: 'write' }),
      })
      await there.synced()
      there.destroy()
    }
    await until(async () => {
      const { body } = await ask('GET', `/presence?room=${room}`, bob, { [room]: 'write' })
      return body.people.length === 4
    })
    const revoked = await ask('POST', '/access/revoke', 'root', { '*:*': 'admin' }, { user: carl, room })
    expect(revoked.status).toBe(200)
    const mentions = [bob, carl, eve]
    const created = await publish(room, bob, 'comment.created', { text: 'Is this so?', mentions }, 'thread')
    expect(created.status).toBe(200)
    await publish(room, ada, 'comment.replied', { thread: 'thread', text: 'Yes' })
    await publish(room, ada, 'comment.replied', { thread: 'thread', text: 'No', mentions })
    // Whoever has written in the thread hears of what is said there, once: Ada, who answered, and Bob, who began it.
    await publish(room, dora, 'comment.replied', { thread: 'thread', text: 'Hm' })
    await publish(room, dora, 'comment.replied', { thread: 'thread', text: 'So?', mentions: [ada] }, 'last')
    await has(
      bob,
      ...Array(2).fill('Your comment was answered'),
      'You were mentioned',
      'Your comment was answered',
    )
    await has(ada, 'You were mentioned', 'A comment that you answered was answered again')
    const [mention] = (await inboxOf(ada)).notifications
    expect(mention?.payload.source).toMatchObject({ room, id: 'last', type: 'comment.replied' })
    await followed()
    for (const user of [carl, eve]) expect((await inboxOf(user)).notifications).toEqual([])
  })

  it('[NOTE13] what operators say is told to everybody who has an inbox', async () => {
    await send(ada, { category: 'build', title: 'first' })
    await publish('system:all', 'root', 'system.announcement', { title: 'Maintenance', text: 'At nine' })
    await publish('system:all', 'root', 'system.alert', { level: 'critical', text: 'The disk is full' })
    await has(ada, 'Critical', 'Maintenance', 'first')
  })
})

describe('what somebody prefers', () => {
  it('[NOTE14] a category that is turned off and a room that is muted are not told, whoever tells it', async () => {
    const project = `project:${randomUUID()}`
    await say(ada, 'preferences', { ways: { build: 'none' }, muted: { [project]: true } })
    await followed()
    expect((await send(ada, { category: 'build', title: 'not wanted' })).body.told).toBe('never')
    await publish(project, 'lead', 'project.member.joined', { user: ada })
    await followed()
    expect((await inboxOf(ada)).preferences).toEqual({
      ways: { build: 'none' },
      digests: {},
      muted: [project],
    })
    await say(ada, 'preferences', { ways: { build: 'app' }, muted: { [project]: false } })
    await followed()
    expect((await inboxOf(ada)).preferences).toEqual({ ways: {}, digests: {}, muted: [] })
    await send(ada, { category: 'build', title: 'wanted' })
    await has(ada, 'wanted')
  })

  it('[NOTE15] what comes within a window is told as one when it ends, once, whatever is killed', async () => {
    await say(ada, 'preferences', { digests: { build: 60 } })
    await followed()
    for (const n of [1, 2, 3])
      expect((await send(ada, { category: 'build', title: `number ${n}` }, `key-${n}`)).body.told).toBe(
        'later',
      )
    await send(ada, { category: 'mention', title: 'at once' })
    await has(ada, 'at once')
    await server.kill9()
    await server.restart()
    const client = new pg.Client({ connectionString: server.databaseUrl })
    await client.connect()
    try {
      const inbox = `(select id from rooms where name = 'user:${ada}')`
      const end = () => client.query(`update digest_windows set closes_at = now() where room_id = ${inbox}`)
      await end()
      await has(ada, 'number 3', 'at once')
      expect((await inboxOf(ada)).notifications[0].payload).toMatchObject({
        digest: { count: 3, titles: ['number 3', 'number 2', 'number 1'] },
      })
      // A backend that did not hear the answer sends it again.
      expect((await send(ada, { category: 'build', title: 'number 3' }, 'key-3')).body.told).toBe('later')
      await send(ada, { category: 'build', title: 'alone' }, 'key-4')
      await end()
      await has(ada, 'alone', 'number 3', 'at once')
      expect((await inboxOf(ada)).notifications[0].payload).toEqual({ category: 'build', title: 'alone' })
    } finally {
      await client.end()
    }
  })

  it('[NOTE14] [NOTE15] what is held goes by what its person says meanwhile, and its key is for nothing else', async () => {
    const project = `project:${randomUUID()}`
    await say(ada, 'preferences', { digests: { build: 60, share: 60, news: 60 } })
    await followed()
    const held = (category: string, title: string) => send(ada, { category, title }, category)
    for (const category of ['build', 'news']) expect((await held(category, category)).body.told).toBe('later')
    expect((await held('build', 'another')).body.error.code).toBe('event-conflict')
    await publish(project, 'lead', 'project.member.joined', { user: ada })
    await followed()
    await say(ada, 'preferences', { ways: { build: 'none' }, muted: { [project]: true } })
    await say(ada, 'preferences', { digests: { build: 0, share: 0, news: 0 } })
    await has(ada, 'news')
    await say(ada, 'preferences', { ways: { build: 'app' }, muted: { [project]: false } })
    await followed()
    expect((await held('build', 'after all')).body.told).toBe('now')
    await has(ada, 'after all', 'news')
  })

  it('[NOTE15] a window that somebody adds to holds up no other, and one of a quarantined inbox is told once that is released', async () => {
    for (const user of [ada, bob, carl]) await say(user, 'preferences', { digests: { build: 60 } })
    await followed()
    for (const user of [ada, bob, carl]) await send(user, { category: 'build', title: 'held' }, 'held')
    const [client, adding] = [1, 2].map(() => new pg.Client({ connectionString: server.databaseUrl }))
    if (client === undefined || adding === undefined) throw new Error('no connections')
    await Promise.all([client.connect(), adding.connect()])
    const quarantined = (at: string) =>
      client.query(`update rooms set quarantined_at = ${at}, quarantine_reason = 'a test' where name = $1`, [
        `user:${ada}`,
      ])
    try {
      await quarantined('now()')
      await client.query('update digest_windows set closes_at = now()')
      await adding.query('begin')
      await adding.query(
        'select from digest_windows w join rooms r on r.id = room_id where r.name = $1 for update of w',
        [`user:${bob}`],
      )
      await has(carl, 'held')
      await adding.query('commit')
      await has(bob, 'held')
      // Forgotten once what is in it was told.
      await until(async () => (await client.query('select from digest_windows')).rowCount === 1)
      await quarantined('null')
      await has(ada, 'held')
    } finally {
      await Promise.all([client.end(), adding.end()])
    }
  })

  it('[NOTE16] what comes while an inbox is quarantined is told once that is released', async () => {
    const project = `project:${randomUUID().slice(0, 8)}`
    await say(ada, 'preferences', {})
    const client = new pg.Client({ connectionString: server.databaseUrl })
    await client.connect()
    try {
      const quarantined = (at: string) =>
        client.query(
          `update rooms set quarantined_at = ${at}, quarantine_reason = 'a test' where name = $1`,
          [`user:${ada}`],
        )
      await quarantined('now()')
      await publish(project, 'lead', 'project.member.joined', { user: ada })
      await followed()
      const sent = { category: 'build', title: 'sent' }
      expect((await send(ada, sent, 'sent')).body.told).toBe('later')
      await quarantined('null')
      await until(async () => (await titles(ada)).length === 2)
      expect((await titles(ada)).toSorted()).toEqual(['You were added to a project', 'sent'])
      await send(ada, sent, 'sent')
      expect((await titles(ada)).length).toBe(2)
    } finally {
      await client.end()
    }
  })

  it('[NOTE15] what was told by itself meanwhile is not told again, and a window that is refused holds up no other', async () => {
    for (const user of [ada, bob, carl]) await say(user, 'preferences', { digests: { build: 60 } })
    await followed()
    const told = async (user: string, title: string, key: string) =>
      (await send(user, { category: 'build', title }, key)).body.told
    for (const user of [ada, bob, carl]) expect(await told(user, 'first', 'first')).toBe('later')
    expect(await told(bob, 'second', 'second')).toBe('later')
    await say(ada, 'preferences', { digests: { build: 0 } })
    await followed()
    expect(await told(ada, 'first', 'first')).toBe('later')
    const client = new pg.Client({ connectionString: server.databaseUrl })
    await client.connect()
    try {
      // What Bob's digest will be called is another event's by now.
      const { rows } = await client.query(
        "select w.id from digest_windows w join rooms r on r.id = w.room_id where r.name = 'user:' || $1",
        [bob],
      )
      const id = notificationId(`digest ${rows[0].id}`)
      const taken = { type: 'user.notified', id, payload: { category: 'build', title: 'taken' } }
      expect((await ask('POST', `/rooms/user:${bob}/events`, 'root', { '*:*': 'admin' }, taken)).status).toBe(
        200,
      )
      await client.query('update digest_windows set closes_at = now()')
      await has(carl, 'first')
      await until(async () => (await client.query('select from digest_windows')).rowCount === 0)
      expect(await titles(ada)).toEqual(['first'])
      expect(await titles(bob)).toEqual(['taken'])
    } finally {
      await client.end()
    }
  })
})
