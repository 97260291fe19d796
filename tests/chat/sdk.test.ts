import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { Refetched } from '../../client/sdk/chat/refetched.ts'
import { type Chat, type ChatState, type Client, chatOf, chatsOf, connect } from '../../client/sdk/index.ts'
import { refusal } from '../../client/sdk/refusal.ts'
import { type Grants, MAX_EVENT_BYTES } from '../../server/protocol.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'
import { Somebody } from './people.ts'

let server: TestServer
let ada: Somebody
let bob: Somebody

const soon = { timeout: 20_000, interval: 20 }

beforeAll(async () => {
  server = await startServer({ env: { JWT_SECRET: SECRET } })
  ada = person('ada')
  bob = person('bob')
})
afterAll(() => server?.dispose())

const token = (id: string, grants: Grants = { 'chat:*': 'admin' }): string => tokenOf(id, { grants })
const person = (id: string): Somebody => Somebody.with(server, id, token(id))

function client(id: string, grants?: Grants): Client {
  const made = connect({ url: server.url, token: token(id, grants), user: { id, name: id } })
  onTestFinished(() => made.destroy())
  return made
}

/** A chat that is open; resolves when its first page is there. */
async function open(of: Client, name: string): Promise<Chat> {
  const chat = chatOf(of, of.room(name))
  onTestFinished(chat.subscribe(() => undefined))
  await vi.waitFor(() => expect(chat.getState().loaded).toBe(true), soon)
  return chat
}

const said = ({ messages }: ChatState): readonly string[] =>
  messages.map(({ state, text }) => `${state}: ${text}`)

it('[CHAT12] shows a message at once, and each once when it is there', async () => {
  const room = await ada.group('Quick', bob)
  const [adas, bobs] = [await open(client('ada'), room), await open(client('bob'), room)]
  adas.send({ text: 'one' })
  adas.send({ text: 'two', mentions: ['bob'] })
  expect(said(adas.getState())).toEqual(['waiting: one', 'waiting: two'])
  for (const chat of [adas, bobs])
    await vi.waitFor(() => expect(said(chat.getState())).toEqual(['sent: one', 'sent: two']), soon)
  const [one, two] = bobs.getState().messages
  if (one === undefined || two === undefined) throw new Error('nothing was said')
  await adas.edit(one.id, { text: 'won' })
  await bobs.react(two.id, '👍', true)
  await expect(bobs.edit(one.id, { text: 'forged' })).rejects.toThrow('somebody else')
  await adas.delete(two.id)
  for (const chat of [adas, bobs]) {
    await vi.waitFor(() => expect(said(chat.getState())).toEqual(['sent: won', 'sent: ']), soon)
    expect(chat.getState().messages[1]).toMatchObject({ deleted: true, reactions: [] })
  }
})

it('[CHAT12] shows what is said in a room that was not there, once one has joined it', async () => {
  const bobs = client('bob', { 'doc:*': 'comment' })
  const room = bobs.room('doc:not-there')
  const chat = chatOf(bobs, room)
  onTestFinished(chat.subscribe(() => undefined))
  await vi.waitFor(() => expect(chat.getState().error?.code).toBe('room-not-found'), soon)
  await vi.waitFor(() => expect(room.status).toBe('refused'), soon)
  const adas = client('ada', { 'doc:*': 'write' })
  const said = chatOf(adas, adas.room('doc:not-there'))
  onTestFinished(said.subscribe(() => undefined))
  said.send({ text: 'first' })
  await vi.waitFor(() => expect(said.getState().messages[0]?.state).toBe('sent'), soon)
  room.retry()
  await vi.waitFor(() => expect(chat.getState()).toMatchObject({ loaded: true, error: undefined }), soon)
  expect(chat.getState().messages.map(({ text }) => text)).toEqual(['first'])
})

it('[CHAT12] keeps what is refused, with the reason, until it is sent again or dropped', async () => {
  const room = await ada.group('Refused', bob, person('reader'))
  const reader = await open(client('reader', { 'chat:*': 'read' }), room)
  expect(reader.getState().role).toBe('read')
  reader.send({ text: 'may I?' })
  const refused = () =>
    reader.getState().messages.map(({ text, state, refusal }) => [text, state, refusal?.code])
  await vi.waitFor(() => expect(refused()).toEqual([['may I?', 'refused', 'event-forbidden']]), soon)
  const [message] = reader.getState().messages
  reader.sendAgain(message?.id ?? '')
  expect(said(reader.getState())).toEqual(['waiting: may I?'])
  await vi.waitFor(() => expect(refused()).toEqual([['may I?', 'refused', 'event-forbidden']]), soon)
  reader.drop(message?.id ?? '')
  expect(reader.getState().messages).toEqual([])
  const adas = await open(client('ada'), room)
  adas.send({ text: 'x'.repeat(MAX_EVENT_BYTES) })
  await vi.waitFor(
    () => expect(adas.getState().messages[0]?.refusal).toMatchObject({ code: 'event-too-large' }),
    soon,
  )
})

it('[CHAT12] keeps what is refused where the room is closed, or nobody looks by then, until it is dropped', async () => {
  const name = await ada.group('Left', bob, person('leaving'))
  const leaving = client('leaving', { 'chat:*': 'read' })
  const opened = async () => {
    const room = leaving.room(name)
    const chat = chatOf(leaving, room)
    const stop = chat.subscribe(() => undefined)
    await vi.waitFor(() => expect(chat.getState().loaded).toBe(true), soon)
    const leave = async () => {
      stop()
      room.release()
      await vi.waitFor(() => expect(room.getPeople()).toEqual([]), soon)
    }
    return { chat, leave }
  }
  const first = await opened()
  first.chat.send({ text: 'seen' })
  await vi.waitFor(() => expect(said(first.chat.getState())).toEqual(['refused: seen']), soon)
  const long = 'x'.repeat(MAX_EVENT_BYTES)
  for (const text of ['left', long]) first.chat.send({ text })
  await first.leave()

  const { chat, leave } = await opened()
  expect(chat).not.toBe(first.chat)
  const all = ['seen', 'left', long].map((text) => `refused: ${text}`).toSorted()
  await vi.waitFor(() => expect(said(chat.getState()).toSorted()).toEqual(all), soon)
  const idOf = (text: string) => chat.getState().messages.find((message) => message.text === text)?.id ?? ''
  for (const text of ['left', long]) chat.drop(idOf(text))
  chat.sendAgain(idOf('seen'))
  expect(said(chat.getState())).toEqual(['waiting: seen'])
  await leave()

  const last = await opened()
  await vi.waitFor(() => expect(said(last.chat.getState())).toEqual(['refused: seen']), soon)
})

it('[CHAT12] sends what was said without a server, once and in order, and has missed nothing', async () => {
  const room = await ada.group('Offline', bob)
  const adas = await open(client('ada'), room)
  await server.kill9()
  await vi.waitFor(() => expect(adas.room.status).not.toBe('online'), soon)
  for (const text of ['one', 'two', 'three']) adas.send({ text })
  expect(said(adas.getState())).toEqual(['waiting: one', 'waiting: two', 'waiting: three'])
  await server.restart()
  await bob.say(room, 'meanwhile')
  await vi.waitFor(() => {
    expect(said(adas.getState()).toSorted()).toEqual([
      'sent: meanwhile',
      'sent: one',
      'sent: three',
      'sent: two',
    ])
  }, soon)
  const texts = adas.getState().messages.map(({ text }) => text)
  expect(texts.filter((text) => text !== 'meanwhile')).toEqual(['one', 'two', 'three'])
  await vi.waitFor(async () => {
    const { messages } = await bob.messages(room)
    expect(messages.map(({ text }: { text: string }) => text)).toEqual(texts)
  }, soon)
})

it('[CHAT12] shows what came after what was sent as the chat was closed', async () => {
  const room = await ada.group('Closed', bob)
  const adas = client('ada')
  const chat = chatOf(adas, adas.room(room))
  const close = chat.subscribe(() => undefined)
  chat.send({ text: 'first' })
  await vi.waitFor(() => expect(said(chat.getState())).toEqual(['sent: first']), soon)
  const message = chat.getState().messages[0]?.id ?? ''
  const edited = chat.edit(message, { text: 'here' })
  close()
  await edited
  await ada.publish(room, 'chat.message.edited', { message, text: 'elsewhere' })
  await open(adas, room)
  await vi.waitFor(() => expect(said(chat.getState())).toEqual(['sent: elsewhere']), soon)
})

it('[CHAT7] reads older pages while what is on them goes on changing', async () => {
  const room = await ada.group('Pages', bob)
  const all = Array.from({ length: 130 }, (_, index) => ({
    type: 'chat.message',
    id: `m${index}`,
    payload: { text: `number ${index}` },
  }))
  await ada.ask('POST', `/rooms/${room}/events`, all)
  await vi.waitFor(async () => expect((await bob.messages(room)).seq).toBe(131), soon)
  const chat = await open(client('bob'), room)
  const ids = () => chat.getState().messages.map(({ id }) => id)
  expect(ids()).toEqual(all.slice(80).map(({ id }) => id))
  // About a message that is not here yet, told before its page is read.
  await ada.publish(room, 'chat.message.edited', { message: 'm40', text: 'edited' })
  await ada.say(room, 'newest', 'newest')
  await vi.waitFor(() => expect(ids().at(-1)).toBe('newest'), soon)
  expect(chat.getState().older).toBe('some')
  await Promise.all([chat.loadOlder(), chat.loadOlder()])
  await chat.loadOlder()
  expect(chat.getState().older).toBe('none')
  expect(ids()).toEqual([...all.map(({ id }) => id), 'newest'])
  expect(chat.getState().messages[40]?.text).toBe('edited')
})

it('[CHAT13] tells tabs that have not opened the chat how much is unread, and all tabs what was read in one', async () => {
  const [room, other] = [await ada.group('Unread', bob), await ada.group('Other', bob)]
  const tabs = [client('bob'), client('bob')]
  for (const tab of tabs) {
    const { unread, list } = chatsOf(tab)
    for (const kept of [unread, list]) onTestFinished(kept.subscribe(() => undefined))
  }
  const told = () =>
    tabs.map((tab) => {
      const { unread, list } = chatsOf(tab)
      const first = list.getState().answer?.chats[0]
      const rooms = unread.getState().answer?.rooms
      return [rooms?.[room], rooms?.[other], first?.room, first?.last?.text]
    })
  await vi.waitFor(() => expect(told()[0]?.[2]).toBeDefined(), soon)
  await ada.say(other, 'first')
  await ada.say(room, 'one')
  await ada.say(room, 'two')
  await vi.waitFor(() => expect(told()).toEqual([2, 2].map((count) => [count, 1, room, 'two'])), soon)
  const [one] = tabs
  if (one === undefined) throw new Error('no tab')
  const chat = await open(one, room)
  expect(chat.getState().readBefore).toBe(1)
  const adas = await open(client('ada'), room)
  // It is not heard the first time.
  const send = globalThis.fetch
  const busy = Response.json({ error: refusal('rate-limited') }, { status: 429 })
  const fetched = vi.spyOn(globalThis, 'fetch').mockImplementation(async (url, init) => {
    if (init?.method !== 'PUT') return send(url, init)
    fetched.mockRestore()
    return busy
  })
  onTestFinished(() => fetched.mockRestore())
  chat.markRead()
  await vi.waitFor(() => expect(told()).toEqual([1, 2].map(() => [undefined, 1, room, 'two'])), soon)
  await vi.waitFor(() => expect(adas.getState().reads).toMatchObject({ bob: 3 }), soon)
})

it('[CHAT13] asks while signals go on coming, and after a failure only when it is time', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  let signal = (): void => undefined
  const inbox = {
    status: 'online',
    subscribe: () => () => undefined,
    release: () => undefined,
    onSignal: (_type: string, listener: () => void) => {
      signal = listener
      return () => undefined
    },
  }
  const get = vi.fn<() => Promise<object>>().mockResolvedValue({})
  const asking = new Refetched({ api: { get }, inbox: () => inbox } as unknown as Client, '/chats')
  onTestFinished(asking.subscribe(() => undefined))
  const signals = async (): Promise<void> => {
    for (let ms = 0; ms < 2000; ms += 50) {
      signal()
      await vi.advanceTimersByTimeAsync(50)
    }
  }
  await signals()
  expect(get.mock.calls.length).toBeGreaterThan(8)
  get.mockReset().mockRejectedValue(new Error('unreachable'))
  await signals()
  expect(get.mock.calls.length).toBeLessThan(7)
})
