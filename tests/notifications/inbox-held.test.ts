import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { type Client, connect, type Inbox, inboxOf, type Room } from '../../client/sdk/index.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.dispose())

const soon = { timeout: 20_000, interval: 5 }

/** Whose inbox it is, only the token says, and that comes when the test wants it. */
function visitor(user: string) {
  const { promise: token, resolve } = Promise.withResolvers<string>()
  const client = connect({ url: server.url, token: () => token, offline: false })
  onTestFinished(() => client.destroy())
  return { client, inbox: inboxOf(client), enter: async () => resolve(await server.token(user)) }
}

const isRead = (inbox: Inbox): Promise<unknown> =>
  vi.waitUntil(() => inbox.getState().loaded && !inbox.getState().loading, soon)

/** Asked while it is held, as who only looks does not keep it. */
const closing = (room: Room): Promise<void> =>
  new Promise((resolve) => room.doc.once('destroy', () => resolve()))
const roomOf = (client: Client, user: string): Room => client.peek(`user:${user}`)

it('[NOTE25] an inbox that is closed and opened again before it knows whose it is, is given back at the end', async () => {
  const { client, inbox, enter } = visitor('ada')
  inbox.subscribe(() => undefined)()
  const stop = inbox.subscribe(() => undefined)
  await enter()
  await isRead(inbox)
  const closed = closing(roomOf(client, 'ada'))
  stop()
  await closed
})

it('[NOTE25] nobody holds an inbox that was closed before it knew whose it is', async () => {
  const { client, inbox, enter } = visitor('bob')
  inbox.subscribe(() => undefined)()
  await enter()
  await isRead(inbox)
  await closing(roomOf(client, 'bob'))
})

it('[NOTE25] what is said in an inbox to which nobody listens is sent, and the inbox given back', async () => {
  const { client, inbox, enter } = visitor('carl')
  await enter()
  await client.whoAmI()
  const room = roomOf(client, 'carl')
  const closed = closing(room)
  inbox.setPreferences({ muted: { 'doc:loud': true } })
  await closed
  inbox.reload()
  await isRead(inbox)
  expect(inbox.getState().preferences.muted).toEqual(['doc:loud'])
  await closing(roomOf(client, 'carl'))
})

it('[NOTE20] what is not sent yet moves nobody’s place in the inbox', async () => {
  const { inbox, enter } = visitor('dora')
  const places: number[] = []
  onTestFinished(inbox.subscribe(() => places.push(inbox.getState().seq)))
  await enter()
  await isRead(inbox)
  inbox.setPreferences({ muted: { 'doc:loud': true } })
  await vi.waitUntil(() => inbox.getState().preferences.muted.includes('doc:loud'), soon)
  await vi.waitUntil(() => inbox.getState().seq > 0, soon)
  expect(Math.max(...places)).toBeLessThan(10)
})
