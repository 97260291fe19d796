import pg from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { connect, type Signal } from '../../client/sdk/index.ts'
import { MAX_EVENT_BYTES } from '../../server/protocol.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { Somebody } from './people.ts'

let server: TestServer
let ada: Somebody
let bob: Somebody

const soon = { timeout: 20_000, interval: 20 }

beforeAll(async () => {
  server = await startServer()
  ;[ada, bob] = await Promise.all([Somebody.enter(server, 'ada'), Somebody.enter(server, 'bob')])
})
afterAll(() => server?.dispose())

const caughtUp = (room: string, seq: number) =>
  vi.waitFor(async () => expect((await ada.messages(room)).seq).toBeGreaterThanOrEqual(seq), soon)

it.each([
  ['emoji', '👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽', undefined],
  ['right to left', 'שלום עולם، مرحبا بالعالم', 'مرحبا'],
  ['both ways', 'he said: "שלום" \u2067مرحبا\u2069 (ok)', 'שלום'],
  ['combining marks', 'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!', undefined],
  ['markup', '<img src=x onerror=alert(1)> & </script>', undefined],
  ['lines', 'one\n\n  two\ttabbed\n', 'tabbed'],
  ['nearly 64 KB', 'word '.repeat(Math.floor((MAX_EVENT_BYTES - 20) / 5)), 'word'],
  ['nearly 64 KB of one word', 'x'.repeat(MAX_EVENT_BYTES - 20), undefined],
  ['many words', Array.from({ length: 9_000 }, (_, index) => `w${index}`).join(' '), 'w8999'],
])('[CHAT4] a message says what was written: %s', async (_name, text, word) => {
  const room = await ada.group('Texts', bob)
  expect(await ada.say(room, text, 'm')).toEqual({ events: [{ id: 'm', seq: 2 }] })
  await caughtUp(room, 2)
  expect((await bob.messages(room)).messages).toMatchObject([{ id: 'm', text, author: 'ada' }])
  if (word === undefined) return
  const { messages } = await bob.ask('GET', `/chats/search?q=${encodeURIComponent(word)}&room=${room}`)
  expect(messages).toMatchObject([{ id: 'm' }])
})

it('[CHAT4] refuses one that says nothing, unless it has a link, and one that is larger than an event', async () => {
  const room = await ada.group('Empty', bob)
  for (const text of ['', ' \n\t', '\u200b\u200d\u2060', '\u3164\ufe0f', '\u202e\u2066'])
    expect(await ada.say(room, text), JSON.stringify(text)).toBe('event-invalid')
  expect(await ada.say(room, 'x'.repeat(MAX_EVENT_BYTES))).toBe('event-too-large')
  expect(await ada.publish(room, 'chat.message', { text: '', links: [{ url: 'javascript:alert(1)' }] })).toBe(
    'event-invalid',
  )
  expect(
    await ada.publish(room, 'chat.message', { text: '', links: [{ url: 'https://example.org/a' }] }, 'link'),
  ).toMatchObject({ events: [{ seq: 2 }] })
  expect(await ada.publish(room, 'chat.message.edited', { message: 'link', text: ' ' })).toBe('event-invalid')
  expect(await ada.publish(room, 'chat.message', { text: 'hi', answers: 'nothing' })).toBe('event-invalid')
  expect(await ada.publish(room, 'chat.reaction.added', { message: 'link', emoji: '\u200d' })).toBe(
    'event-invalid',
  )
  await caughtUp(room, 2)
  expect((await ada.messages(room)).messages).toHaveLength(1)
})

it('[CHAT5] lets its author alone edit a message, and its author and the chat’s administrator delete it', async () => {
  const room = await ada.group('Whose', bob)
  await bob.say(room, 'bobs', 'b')
  await ada.say(room, 'adas', 'a')
  expect(await ada.publish(room, 'chat.message.edited', { message: 'b', text: 'forged' })).toBe(
    'event-forbidden',
  )
  expect(await bob.publish(room, 'chat.message.deleted', { message: 'a' })).toBe('event-forbidden')
  await bob.publish(room, 'chat.message.edited', { message: 'b', text: 'better', mentions: ['ada'] })
  await bob.publish(room, 'chat.reaction.added', { message: 'a', emoji: '👍' })
  await ada.publish(room, 'chat.reaction.added', { message: 'a', emoji: '👍' })
  await caughtUp(room, 6)
  expect((await bob.messages(room)).messages).toMatchObject([
    { id: 'b', text: 'better', mentions: ['ada'], editedAt: expect.any(Number) },
    {
      id: 'a',
      reactions: [
        { emoji: '👍', user: 'bob' },
        { emoji: '👍', user: 'ada' },
      ],
    },
  ])
  expect(await ada.publish(room, 'chat.message.deleted', { message: 'b' })).toMatchObject({ events: [{}] })
})

it('[CHAT6] takes the text of a deleted message out of every route, of the search and of the log', async () => {
  const room = await ada.group('Regret', bob)
  const database = new pg.Client({ connectionString: server.databaseUrl })
  await database.connect()
  onTestFinished(() => database.end())
  // Whose receiver is away: what waits for it is not told any more either.
  await database.query(
    `insert into webhooks (url, description, events, rooms, secret, active, created_by)
     values ('https://127.0.0.1:1', '', '{event:*}', $1, 's', true, 'root')`,
    [[room]],
  )
  const secrets = ['canary1', 'canary2', 'canary3']
  await bob.publish(
    room,
    'chat.message',
    { text: 'canary1', links: [{ url: 'https://canary1.example' }] },
    'm',
  )
  await bob.publish(room, 'chat.message.edited', { message: 'm', text: 'canary2' })
  await bob.publish(room, 'chat.reaction.added', { message: 'm', emoji: '👍' })
  const name = encodeURIComponent(room)
  const paths = [
    ...secrets.map((word) => `/chats/search?q=${word}`),
    '/chats',
    ...['/messages', '/events', '/entries'].map((of) => `/rooms/${name}${of}`),
  ]
  const told = async () => JSON.stringify(await Promise.all(paths.map((path) => ada.ask('GET', path))))
  await caughtUp(room, 4)
  expect(await told()).toContain('canary1')
  await bob.publish(room, 'chat.message.deleted', { message: 'm' })
  // From a device that had not heard of it.
  await bob.publish(room, 'chat.message.edited', { message: 'm', text: 'canary3' })
  await caughtUp(room, 6)
  expect(await told()).not.toContain('canary')
  expect((await ada.messages(room)).messages).toMatchObject([
    { id: 'm', author: 'bob', text: '', deleted: true, links: [], reactions: [] },
  ])
  // What remains: that something was said, by whom and when.
  const { events } = await ada.ask('GET', `/rooms/${name}/events?types=chat.message,chat.message.edited`)
  expect(events).toMatchObject([
    { seq: 2, id: 'm', actor: 'bob', payload: { text: '' } },
    { seq: 3, actor: 'bob', payload: { text: '', message: 'm' } },
    { seq: 6, actor: 'bob', payload: { text: '', message: 'm' } },
  ])
  expect((await database.query('select from webhook_deliveries where room = $1', [room])).rowCount).toBe(5)
  for (const table of ['chat_messages', 'room_events', 'chats', 'webhook_deliveries'])
    expect(
      (await database.query(`select t::text as row from ${table} t`)).rows.map(({ row }) => row).join(),
    ).not.toMatch(/canary/)
})

it('[CHAT7] gives older pages backwards, each message once, and says from where to go on', async () => {
  const room = await ada.group('Long', bob)
  const said = Array.from({ length: 25 }, (_, index) => ({
    type: 'chat.message',
    id: `m${index}`,
    payload: { text: `number ${index}` },
  }))
  await ada.ask('POST', `/rooms/${room}/events`, said)
  await caughtUp(room, 26)
  const pages: string[][] = []
  let query = '?limit=10'
  for (;;) {
    const { messages, before, seq } = await bob.messages(room, query)
    expect(seq).toBe(26)
    pages.push(messages.map(({ id }: { id: string }) => id))
    if (before === null) break
    query = `?limit=10&before=${before}`
  }
  expect(pages.map((page) => page.length)).toEqual([10, 10, 5])
  expect(pages.toReversed().flat()).toEqual(said.map(({ id }) => id))
})

it('[CHAT9] tells those who are there, and one’s own other tabs, how far one has read', async () => {
  const room = await ada.group('Read', bob)
  await ada.say(room, 'one')
  await caughtUp(room, 2)
  const clients = [ada, bob].map(({ id }) =>
    connect({
      url: server.url,
      token: () => server.token(id, { 'chat:*': 'admin' }),
      user: { id, name: id },
    }),
  )
  onTestFinished(async () => void (await Promise.all(clients.map((client) => client.destroy()))))
  const [adas, bobs] = clients
  const signals: Signal[] = []
  const rooms = [adas?.room(room), adas?.inbox(), bobs?.inbox()]
  for (const joined of rooms)
    for (const type of ['syncline.read', 'syncline.chat'])
      joined?.onSignal(type, (signal) => signals.push(signal))
  await Promise.all(rooms.map((joined) => joined?.whenSynced()))
  expect(await bob.read(room, 2)).toEqual({ seq: 2 })
  expect(await bob.read(room, 1)).toEqual({ seq: 2 })
  // Nobody has read what is not there.
  expect(await bob.read(room, 1_000)).toEqual({ seq: 2 })
  await ada.say(room, 'two')
  await vi.waitFor(() => {
    const heard = signals.map(({ type, actor, payload }) => [type, actor, payload])
    expect(heard).toContainEqual(['syncline.read', 'bob', { seq: 2 }])
    // Of his own reading, and then of the message: bob, who has not opened the chat; ada, of her own. Not whose it is.
    expect(heard.filter(([type]) => type === 'syncline.chat')).toEqual([
      ['syncline.chat', '', { room }],
      ['syncline.chat', '', { room }],
      ['syncline.chat', '', { room }],
    ])
  }, soon)
  expect(signals.filter(({ type }) => type === 'syncline.read')).toHaveLength(1)
})

it('[CHAT10] finds words in one’s own chats alone, newest first, and shows where', async () => {
  const [mine, others] = [await ada.group('Mine', bob), await bob.group('Others')]
  await ada.say(mine, 'The quick brown fox', 'first')
  await bob.say(others, 'The quick brown canary')
  await vi.waitFor(async () => expect((await bob.messages(others)).seq).toBeGreaterThanOrEqual(2), soon)
  await bob.say(mine, 'A slow brown bear \ue000sly\ue001', 'second')
  await caughtUp(mine, 3)
  const find = async (words: string) =>
    (await ada.ask('GET', `/chats/search?q=${encodeURIComponent(words)}`)).messages
  expect(await find('brown')).toMatchObject([
    { id: 'second', room: mine, author: 'bob' },
    {
      id: 'first',
      excerpt: [
        { text: 'The quick ', found: false },
        { text: 'brown', found: true },
        { text: ' fox', found: false },
      ],
    },
  ])
  const ids = async (words: string) => (await find(words)).map(({ id }: { id: string }) => id)
  expect(await ids('"quick brown"')).toEqual(['first'])
  expect(await ids('quick or slow')).toEqual(['second', 'first'])
  expect(await ids('brown -bear')).toEqual(['first'])
  for (const nothing of ['canary', "'", '!!', ':* & |', '\u200b'])
    expect(await ids(nothing), nothing).toEqual([])
})

it('[CHAT14] lets a document be talked about in its own room, by those who may comment there', async () => {
  const writer = await Somebody.enter(server, 'writer', { 'doc:*': 'write' })
  const commenter = await Somebody.enter(server, 'commenter', { 'doc:talked': 'comment' })
  const reader = await Somebody.enter(server, 'reader', { 'doc:talked': 'read' })
  await writer.say('doc:talked', 'what do you think?', 'q')
  expect(await commenter.publish('doc:talked', 'chat.message', { text: 'fine', answers: 'q' })).toMatchObject(
    {
      events: [{ seq: 2 }],
    },
  )
  expect(await reader.say('doc:talked', 'me too')).toBe('event-forbidden')
  await vi.waitFor(async () => expect((await reader.messages('doc:talked')).messages).toHaveLength(2), soon)
  expect(await ada.messages('doc:talked')).toBe('forbidden')
  // It is no chat: nobody is invited to it.
  expect(await writer.publish('doc:talked', 'chat.invited', { users: ['ada'] })).toBe('event-unknown')
})
