import * as encoding from 'lib0/encoding'
import pg from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { type Client, connect, type Room, type Signal } from '../../client/sdk/index.ts'
import { ASK_SIGNALS, type Grants, MAX_SIGNAL_BYTES } from '../../server/protocol.ts'
import { connectProvider } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let rooms = 0

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.dispose())

const newRoom = (): string => `doc:signals-${++rooms}`
const soon = { timeout: 20_000, interval: 5 }

const client = (id: string, grants?: Grants): Client => {
  const made = connect({ url: server.url, token: () => server.token(id, grants), user: { id, name: id } })
  onTestFinished(() => made.destroy())
  return made
}

const joined = async (id: string, name: string, grants?: Grants): Promise<Room> => {
  const room = client(id, grants).room(name)
  await room.whenSynced()
  return room
}

const heard = (room: Room, type: string): Signal[] => {
  const signals: Signal[] = []
  onTestFinished(room.onSignal(type, (signal) => signals.push(signal)))
  return signals
}

/** Resolves when the room has told its listener of all that it was asked before. */
const passed = (room: Room): Promise<void> =>
  new Promise((resolve) => {
    const stop = room.listen({ events: () => undefined, caughtUp: () => resolve() }, 'start')
    onTestFinished(stop)
  })

async function raw(room: string, id: string, grants?: Grants): Promise<RawClient> {
  const token = await server.token(id, grants)
  const made = await RawClient.connect({ wsUrl: server.wsUrl, room, token })
  onTestFinished(() => made.close())
  await made.shake()
  return made
}

const say = (made: RawClient, message: string): void =>
  made.raw(
    encoding.encode((encoder) => {
      encoding.writeVarString(encoder, made.room)
      encoding.writeVarUint(encoder, 5)
      encoding.writeVarString(encoder, message)
    }),
  )

const envelopes = (made: { readonly stateless: readonly string[] }): Record<string, unknown>[] =>
  made.stateless.map((message) => JSON.parse(message))

it('[SIG1] goes to everybody else who listens, with who said it, also over another connection of theirs', async () => {
  const name = newRoom()
  // Who may only read finds a room that is there.
  const ada = await joined('ada', name)
  const [adaElsewhere, bob] = await Promise.all([
    joined('ada', name),
    joined('bob', name, { 'doc:*': 'read' }),
  ])
  const [own, elsewhere, bobs] = [heard(ada, 'note'), heard(adaElsewhere, 'note'), heard(bob, 'note')]
  await Promise.all([passed(ada), passed(adaElsewhere), passed(bob)])
  expect(ada.signal('note', { text: 'שלום 👋', actor: 'eve' })).toBe(true)
  bob.signal('note', null)
  await vi.waitUntil(() => own.length === 1 && elsewhere.length === 2 && bobs.length === 1, soon)
  expect(bobs).toEqual([{ type: 'note', actor: 'ada', payload: { text: 'שלום 👋', actor: 'eve' } }])
  expect(own).toEqual([{ type: 'note', actor: 'bob', payload: null }])
})

it('[SIG2] is told nobody who has not asked, and nobody in another room', async () => {
  const name = newRoom()
  const stock = connectProvider({ wsUrl: server.wsUrl, room: name, token: await server.token('stock') })
  onTestFinished(() => stock.destroy())
  await stock.synced()
  const [asked, resumed, elsewhere] = await Promise.all([
    raw(name, 'bob'),
    raw(name, 'cy'),
    raw(newRoom(), 'dan'),
  ])
  say(asked, ASK_SIGNALS)
  say(resumed, '{"type":"resume","after":null}')
  say(elsewhere, ASK_SIGNALS)
  await Promise.all([asked.handled(), resumed.handled(), elsewhere.handled()])
  const ada = await joined('ada', name)
  ada.signal('note', 'CANARY')
  const tells = (made: RawClient) => made.stateless.some((message) => message.includes('CANARY'))
  await vi.waitUntil(() => tells(asked) && tells(resumed), soon)
  // What was asked later is answered later: had it been told, it had been told by now.
  await elsewhere.handled()
  stock.provider.sendStateless('{"type":"head"}')
  await vi.waitUntil(() => stock.stateless.length > 0, soon)
  expect(envelopes(stock).map(({ type }) => type)).toEqual(['saved'])
  expect(tells(elsewhere)).toBe(false)
})

it('[SIG3] is refused with its reason where it is malformed, too large, or the server’s own', async () => {
  const name = newRoom()
  const bob = await joined('bob', name)
  const bobs = heard(bob, 'note')
  await passed(bob)
  const eve = await raw(name, 'eve')
  const text = (bytes: number) => JSON.stringify('x'.repeat(bytes - 2))
  const refused = [
    '{"type":"signal"}',
    '{"type":"signal","signal":{"type":"Not a type","payload":1}}',
    '{"type":"signal","signal":{"type":"syncline.note","payload":1}}',
    `{"type":"signal","signal":{"type":"note","payload":${text(MAX_SIGNAL_BYTES + 1)}}}`,
    '{"type":"signal","signal":{"type":"note","payload":{"__proto__":{"admin":true}}}}',
  ]
  for (const message of refused) say(eve, message)
  await eve.handled()
  const rejects = envelopes(eve).filter(({ type }) => type === 'reject')
  expect(rejects).toHaveLength(refused.length)
  for (const reject of rejects) expect(reject).toMatchObject({ id: 'signal', code: 'signal-invalid' })
  expect(rejects[4]?.message).toContain('__proto__')
  say(eve, `{"type":"signal","signal":{"type":"note","payload":${text(MAX_SIGNAL_BYTES)}}}`)
  await vi.waitUntil(() => bobs.length > 0, soon)
  expect(bobs).toHaveLength(1)
  expect(eve.closed).toBeUndefined()
  expect(() => bob.signal('note', 'x'.repeat(MAX_SIGNAL_BYTES))).toThrow(RangeError)
  expect(() => bob.signal('syncline.note', 1)).toThrow(RangeError)
})

it('[SIG4] is stored nowhere', async () => {
  const name = newRoom()
  const [ada, bob] = await Promise.all([joined('ada', name), joined('bob', name)])
  const bobs = heard(bob, 'note')
  await passed(bob)
  ada.signal('note', 'passing')
  await vi.waitUntil(() => bobs.length === 1, soon)
  const client = new pg.Client({ connectionString: server.databaseUrl })
  await client.connect()
  onTestFinished(() => client.end())
  const { rows } = await client.query('select head from rooms where name = $1', [name])
  expect(rows.map(({ head }) => Number(head))).toEqual([0])
})

it('[SIG5] reaches nobody whose access was taken away', async () => {
  const name = newRoom()
  const [ada, bob, eve] = await Promise.all([joined('ada', name), joined('bob', name), raw(name, 'eve')])
  say(eve, ASK_SIGNALS)
  await eve.handled()
  const bobs = heard(bob, 'note')
  await passed(bob)
  const answer = await fetch(`${server.url}/api/v1/access/revoke`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await server.token('root', { '*:*': 'admin' })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ user: 'eve' }),
  })
  expect(answer.ok).toBe(true)
  ada.signal('note', 'CANARY')
  await vi.waitUntil(() => bobs.length === 1 && eve.closed !== undefined, soon)
  expect(eve.stateless.join()).not.toContain('CANARY')
})
