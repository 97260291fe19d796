import type { HocuspocusProvider } from '@hocuspocus/provider'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import type { Grants } from '../../server/protocol.ts'
import { queryFrame } from '../../server/realtime/presence-frame.ts'
import { startStock } from '../client/stock-server.ts'
import { awarenessFrame, entriesIn, entry } from '../support/awareness.ts'
import { connectProvider, connectSocket, type Replica, type ReplicaOptions } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer
let rooms = 0

beforeAll(async () => {
  server = await startServer({ env: { MAX_FAULTS_PER_MINUTE: '1000' } })
})
afterAll(() => server.dispose())

const newRoom = (): string => `doc:presence-${++rooms}`

interface Someone extends Partial<ReplicaOptions> {
  readonly room: string
  readonly id: string
  readonly grants?: Grants
}

/** A stock provider that has said who it is. */
async function join({ id, grants, ...options }: Someone): Promise<Replica> {
  const token = await server.token(id, grants)
  const replica = connectProvider({ wsUrl: server.wsUrl, token, ...options })
  onTestFinished(() => replica.destroy())
  replica.provider.setAwarenessField('user', { name: id, color: '#112233' })
  await replica.synced()
  return replica
}

async function raw(room: string, id: string, grants?: Grants): Promise<RawClient> {
  const client = await RawClient.connect({
    wsUrl: server.wsUrl,
    room,
    token: await server.token(id, grants),
  })
  onTestFinished(() => client.close())
  await client.ask()
  return client
}

const stateOf = (watcher: Replica, client: number): Record<string, unknown> | undefined =>
  watcher.provider.awareness?.getStates().get(client)

/** Resolves when the watcher is told of a state of that client that holds. */
const sees = (
  watcher: Replica,
  client: number,
  holds: (state: Record<string, unknown>) => boolean = () => true,
  withinMs?: number,
) =>
  until(() => {
    const state = stateOf(watcher, client)
    return state !== undefined && holds(state)
  }, withinMs)

/** In ms: told, not found out. Who is not told of learns it by itself after 30 s, as stock does. */
const AT_ONCE = 5_000

const missesOf = (watcher: Replica, client: number, withinMs?: number) =>
  until(() => stateOf(watcher, client) === undefined, withinMs)

const set = (provider: HocuspocusProvider, field: string, value: unknown) =>
  provider.setAwarenessField(field, value)

describe('whose a state is', () => {
  it('[PRE1] nobody sets or takes away the state of a client that is somebody else’s', async () => {
    const room = newRoom()
    const ada = await join({ room, id: 'ada' })
    const bob = await join({ room, id: 'bob' })
    await sees(bob, ada.document.clientID)
    const eve = await raw(room, 'eve', { 'doc:*': 'read' })
    // That somebody has left is what stock clients say of those of whom they have not heard for long.
    eve.raw(awarenessFrame(room, entry(ada.document.clientID, 900, null)))
    await eve.handled()
    expect(eve.closed).toBeUndefined()
    eve.raw(awarenessFrame(room, entry(ada.document.clientID, 901, { user: { name: 'ada' } })))
    await until(() => eve.closed !== undefined)
    expect(eve.closed).toEqual({ code: 4400, reason: 'awareness-invalid' })
    expect(eve.stateless.map((text) => JSON.parse(text))).toContainEqual(
      expect.objectContaining({ type: 'reject', code: 'awareness-invalid' }),
    )
    set(ada.provider, 'mark', 'still here')
    await sees(bob, ada.document.clientID, ({ mark }) => mark === 'still here')
    expect([bob.closes, ada.closes]).toEqual([[], []])
  })

  it('[PRE1] negative control: stock Hocuspocus relays it, from a read-only client too', async () => {
    const stock = await startStock({
      onAuthenticate: async ({ token, connectionConfig }) => {
        connectionConfig.readOnly = token === 'eve'
      },
    })
    const bob = connectProvider({ wsUrl: stock.url, room: 'r', token: 'bob' })
    onTestFinished(() => bob.destroy())
    await bob.synced()
    const eve = await RawClient.connect({ wsUrl: stock.url, room: 'r', token: 'eve' })
    onTestFinished(() => eve.close())
    eve.raw(awarenessFrame('r', entry(7, 1, { user: { name: 'ada' }, weight: 'x'.repeat(5_000_000) })))
    await sees(bob, 7, ({ user }) => (user as { name: string }).name === 'ada')
  })

  it('[PRE1] who was first keeps an id that somebody took meanwhile, at whatever clock', async () => {
    const room = newRoom()
    const bob = await join({ room, id: 'bob' })
    const first = await raw(room, 'ada')
    first.raw(awarenessFrame(room, entry(4711, 5, {})))
    await sees(bob, 4711)
    first.close()
    await missesOf(bob, 4711)
    const squatter = await raw(room, 'eve')
    squatter.raw(awarenessFrame(room, entry(4711, 2 ** 31, {})))
    await sees(bob, 4711, ({ user }) => (user as { id: string }).id === 'eve')
    const again = await raw(room, 'ada')
    again.raw(awarenessFrame(room, entry(4711, 5, {})))
    await sees(bob, 4711, ({ user }) => (user as { id: string }).id === 'ada')
    squatter.raw(awarenessFrame(room, entry(4711, 2 ** 31, {})))
    await until(() => squatter.closed !== undefined)
    expect(stateOf(bob, 4711)).toMatchObject({ user: { id: 'ada' } })
  })

  it('[PRE2] id and name are the token’s; the colour and all else is the client’s', async () => {
    const room = newRoom()
    const ada = await join({ room, id: 'ada' })
    const eve = await raw(room, 'eve')
    const say = (clock: number, state: unknown) => eve.raw(awarenessFrame(room, entry(99, clock, state)))
    say(1, { user: { id: 'ada', name: 'Ada', color: '#abcdef', mood: 'sly' }, cursor: { head: 1 } })
    await sees(ada, 99)
    expect(stateOf(ada, 99)).toEqual({
      user: { id: 'eve', name: 'eve', color: '#abcdef', mood: 'sly' },
      cursor: { head: 1 },
    })
    // A colour goes into style sheets; anything else in its place does not go out.
    say(2, { user: { name: 'Ada', color: 'red;background:url(//evil)' } })
    await sees(ada, 99, ({ cursor }) => cursor === undefined)
    expect(stateOf(ada, 99)).toEqual({ user: { id: 'eve', name: 'eve' } })
    for (const [at, user] of ['Ada', 7, null, ['Ada']].entries()) {
      say(3 + at, { user, at })
      await sees(ada, 99, (state) => state.at === at)
      expect(stateOf(ada, 99)?.user).toMatchObject({ id: 'eve', name: 'eve' })
    }
  })

  it('[PRE4] who may only read is seen, and who comes later sees everybody', async () => {
    const room = newRoom()
    const ada = await join({ room, id: 'ada' })
    const eve = await join({ room, id: 'eve', grants: { 'doc:*': 'read' } })
    await sees(ada, eve.document.clientID, ({ user }) => (user as { name: string }).name === 'eve')
    const late = await join({ room, id: 'late' })
    await Promise.all([ada, eve].map(({ document }) => sees(late, document.clientID)))
  })

  it('[PRE7] a client that asks is told of everybody', async () => {
    const room = newRoom()
    const ada = await join({ room, id: 'ada' })
    const asking = await raw(room, 'bob')
    asking.presence.length = 0
    asking.raw(queryFrame(room))
    const told = () => entriesIn(asking.presence).filter(({ id }) => id === ada.document.clientID)
    await until(() => told().length > 0)
    expect(JSON.parse(told()[0]?.json ?? '')).toMatchObject({ user: { id: 'ada' } })
  })
})

const json = (text: string) => (room: string) => awarenessFrame(room, { id: 5, clock: 1, json: text })
const HOSTILE: readonly (readonly [string, (room: string) => Uint8Array])[] = [
  ['a state of 5 MB', json(JSON.stringify({ weight: 'x'.repeat(5_000_000) }))],
  ['a state of 9 KB', json(JSON.stringify({ weight: 'x'.repeat(9 * 1024) }))],
  [
    '100,000 clients',
    (room) => awarenessFrame(room, ...Array.from({ length: 100_000 }, (_, id) => entry(id, 1, {}))),
  ],
  ['five clients', (room) => awarenessFrame(room, ...Array.from({ length: 5 }, (_, id) => entry(id, 1, {})))],
  ['a state that is not JSON', json('{"user":')],
  ['a state that is an array', json('[]')],
  ['a state that is a number', json('7')],
  ['a state with __proto__', json('{"a":{"__proto__":{"polluted":true}}}')],
  ['a state with __proto__ spelt otherwise', json('{"\\u005f_proto__":1}')],
  [
    'a state of a thousand values',
    json(JSON.stringify({ many: Array.from({ length: 1_000 }, (_, i) => i) })),
  ],
  ['a state nested a thousand deep', json(`{"a":${'['.repeat(1_000)}${']'.repeat(1_000)}}`)],
  ['a clock that nobody can count on from', (room) => awarenessFrame(room, entry(5, 2 ** 53 - 1, {}))],
  ['a frame that ends too early', (room) => awarenessFrame(room, entry(5, 1, { a: 1 })).slice(0, -3)],
  [
    'a frame that goes on after its end',
    (room) => new Uint8Array([...awarenessFrame(room, entry(5, 1, {})), 0]),
  ],
  ['a count of clients that are not there', (room) => declaring(room, 2 ** 40)],
]

/** An update that says only how many clients it is about. */
function declaring(room: string, clients: number): Uint8Array {
  const frame = awarenessFrame(room)
  const head = [...frame.slice(0, -2)]
  const count: number[] = []
  for (let left = clients; left > 0; left = Math.floor(left / 128))
    count.push((left % 128) + (left > 127 ? 128 : 0))
  return new Uint8Array([...head, count.length, ...count])
}

describe('hostile frames', () => {
  for (const [what, frame] of HOSTILE) {
    it(`[PRE3] refuses ${what}, and nobody else notices`, async () => {
      const room = newRoom()
      const ada = await join({ room, id: 'ada' })
      const eve = await raw(room, 'eve', { 'doc:*': 'read' })
      eve.raw(frame(room))
      await until(() => eve.closed !== undefined)
      expect(eve.closed?.reason).toBe('awareness-invalid')
      expect([...(ada.provider.awareness?.getStates().keys() ?? [])]).toEqual([ada.document.clientID])
      expect(ada.closes).toEqual([])
    })
  }

  it('[PRE3] takes frames that are written longer than they need be for what they are', async () => {
    const room = newRoom()
    const ada = await join({ room, id: 'ada' })
    const frame = awarenessFrame(room, entry(ada.document.clientID, 900, { user: { name: 'eve' } }))
    const [length = 0, ...rest] = frame
    const name = rest.slice(0, length)
    const body = rest.slice(length + 1)
    for (const [reason, padded] of [
      ['awareness-invalid', [length | 0x80, 0, ...name, 1, ...body]],
      // No address that a room can have needs a third byte for its length.
      ['frame-malformed', [length | 0x80, 0x80, 0, ...name, 1, ...body]],
      ['awareness-invalid', [length, ...name, 0x81, 0, ...body]],
      ['awareness-invalid', [length | 0x80, 0, ...name, 0x81, 0x80, 0, ...body]],
    ] as const) {
      const eve = await raw(room, 'eve')
      eve.raw(new Uint8Array(padded))
      await until(() => eve.closed !== undefined)
      expect(eve.closed?.reason).toBe(reason)
    }
  })

  it('[PRE3] keeps little of what is said before the token, and none of it by another address', async () => {
    const room = newRoom()
    const ada = await join({ room, id: 'ada' })
    const eve = await RawClient.open({ wsUrl: server.wsUrl, room, token: '' })
    onTestFinished(() => eve.close())
    for (let i = 0; i < 100; i += 1) {
      eve.raw(awarenessFrame(`doc:other-${i}`, entry(i, 1, { weight: 'x'.repeat(8_000) })))
    }
    eve.raw(awarenessFrame(room, entry(11, 1, { mine: true })))
    eve.raw(awarenessFrame(`${room}\0elsewhere`, entry(12, 1, {})))
    eve.authenticate(await server.token('eve'))
    await eve.ask()
    await sees(ada, 11, ({ mine }) => mine === true)
    await eve.handled()
    expect(stateOf(ada, 12)).toBeUndefined()
    expect(eve.closed).toBeUndefined()
  })
})

describe('leaving', () => {
  it('[PRE5] is seen at once: a state taken back, a room left, a socket closed', async () => {
    const room = newRoom()
    const ada = await join({ room, id: 'ada' })
    const bob = await join({ room, id: 'bob' })
    await sees(ada, bob.document.clientID)
    bob.provider.awareness?.setLocalState(null)
    await missesOf(ada, bob.document.clientID, AT_ONCE)
    bob.provider.awareness?.setLocalState({ back: true })
    await sees(ada, bob.document.clientID, ({ back }) => back === true, AT_ONCE)
    bob.destroy()
    await missesOf(ada, bob.document.clientID, AT_ONCE)
    const eve = await raw(room, 'eve')
    eve.raw(awarenessFrame(room, entry(1, 1, {}), entry(2, 1, {}), entry(3, 1, {})))
    await Promise.all([1, 2, 3].map((id) => sees(ada, id)))
    eve.cut()
    await Promise.all([1, 2, 3].map((id) => missesOf(ada, id, AT_ONCE)))
  })

  it('[PRE5] negative control: in stock Hocuspocus a state taken back is still shown', async () => {
    const stock = await startStock()
    const [ada, bob] = ['ada', 'bob'].map((token) => connectProvider({ wsUrl: stock.url, room: 'r', token }))
    if (ada === undefined || bob === undefined) throw new Error('nobody came')
    onTestFinished(() => ada.destroy())
    onTestFinished(() => bob.destroy())
    set(bob.provider, 'user', { name: 'bob' })
    await sees(ada, bob.document.clientID)
    bob.provider.awareness?.setLocalState(null)
    await expect(missesOf(ada, bob.document.clientID, 1_000)).rejects.toThrow('not within')
  })

  it('[PRE6] [PRE20] a client that falls silent has left within 30 s', { timeout: 45_000 }, async () => {
    const room = newRoom()
    const ada = await join({ room, id: 'ada' })
    const silent = await raw(room, 'silent')
    silent.raw(awarenessFrame(room, entry(8, 1, {})))
    await sees(ada, 8)
    const authorization = `Bearer ${await server.token('ada')}`
    const told = async () => {
      const answer = await fetch(`${server.url}/api/v1/presence?users=silent`, { headers: { authorization } })
      return answer.json()
    }
    expect(await told()).toMatchObject({ people: [{ status: 'online' }] })
    silent.freeze()
    onTestFinished(() => silent.cut())
    const frozen = Date.now()
    await missesOf(ada, 8, 30_000)
    // Not because its state ran out: that takes 30 s from the last time that it was said.
    expect(Date.now() - frozen).toBeLessThan(27_000)
    expect(await told()).toMatchObject({ people: [{ status: 'offline' }] })
    expect(ada.closes).toEqual([])
  })
})

describe('honest clients', () => {
  it('[PRE27] is there for as long as it is connected, however seldom its page may say so', {
    timeout: 60_000,
  }, async () => {
    const room = newRoom()
    const ada = await join({ room, id: 'ada' })
    const hidden = await raw(room, 'hidden')
    onTestFinished(() => hidden.cut())
    hidden.raw(awarenessFrame(room, entry(9, 1, { at: 'rest' })))
    await sees(ada, 9)
    const removed: number[] = []
    ada.provider.awareness?.on('change', (change: { readonly removed: number[] }) =>
      removed.push(...change.removed),
    )
    await until(() => (ada.provider.awareness?.meta.get(9)?.clock ?? 0) > 1, 40_000)
    expect(removed).toEqual([])
    // What it says itself counts on from there.
    hidden.raw(awarenessFrame(room, entry(9, 2, { at: 'work' })))
    await sees(ada, 9, ({ at }) => at === 'work')
    expect(hidden.closed).toBeUndefined()
  })

  it('[PRE8] one that returns is seen again at once, though it counts on from where it was', async () => {
    const room = newRoom()
    const ada = await join({ room, id: 'ada' })
    const bob = await join({ room, id: 'bob' })
    const id = bob.document.clientID
    for (let round = 0; round < 3; round += 1) {
      await sees(ada, id)
      bob.provider.configuration.websocketProvider.webSocket?.close()
      await missesOf(ada, id, AT_ONCE)
      await sees(ada, id, undefined, AT_ONCE)
      set(bob.provider, 'round', round)
      await sees(ada, id, (state) => state.round === round, AT_ONCE)
      expect(bob.provider.awareness?.getLocalState()).toMatchObject({ round, user: { color: '#112233' } })
    }
    expect(ada.closes).toEqual([])
  })

  it('[PRE8] it may come before its former connection is known to be gone, which then takes nothing away', async () => {
    const room = newRoom()
    const ada = await join({ room, id: 'ada' })
    const before = await raw(room, 'bob')
    before.raw(awarenessFrame(room, entry(21, 7, { at: 'before' })))
    await sees(ada, 21)
    const after = await raw(room, 'bob')
    after.raw(awarenessFrame(room, entry(21, 7, { at: 'before' })))
    after.raw(awarenessFrame(room, entry(21, 8, { at: 'after' })))
    await sees(ada, 21, ({ at }) => at === 'after')
    const seen: unknown[] = []
    ada.provider.awareness?.on('change', ({ removed }: { removed: number[] }) => seen.push(...removed))
    before.close()
    after.raw(awarenessFrame(room, entry(21, 9, { at: 'later' })))
    await sees(ada, 21, ({ at }) => at === 'later')
    await after.handled()
    expect([seen, after.closed]).toEqual([[], undefined])
  })

  it('[PRE8] what comes back to a client is no later than what it sent, or it would overwrite what it has set since', async () => {
    const room = newRoom()
    const ada = await raw(room, 'ada')
    const clocks = ({ presence }: RawClient) =>
      entriesIn(presence).flatMap(({ id, clock, json }) => (id === 41 && json !== 'null' ? [clock] : []))
    const before = await raw(room, 'bob')
    before.raw(awarenessFrame(room, entry(41, 5, {})))
    await until(() => clocks(ada).length === 1)
    before.close()
    await until(() => entriesIn(ada.presence).some(({ json }) => json === 'null'))
    const after = await raw(room, 'bob')
    after.raw(awarenessFrame(room, entry(41, 5, {})))
    await until(() => clocks(after).length === 1)
    after.raw(awarenessFrame(room, entry(41, 6, {})))
    await until(() => clocks(after).length === 2)
    after.raw(queryFrame(room))
    await until(() => clocks(after).length === 3)
    expect(clocks(after)).toEqual([5, 6, 6])
    // The others know of a change at 5, that it has left; so to them it counts on from there.
    expect(clocks(ada)).toEqual([5, 6, 7])
  })

  it('[PRE8] a provider made anew on the same document, as StrictMode does, is seen', async () => {
    const room = newRoom()
    const ada = await join({ room, id: 'ada' })
    const document = new Y.Doc()
    const first = await join({ room, id: 'bob', document })
    for (let i = 0; i < 20; i += 1) set(first.provider, 'count', i)
    await sees(ada, document.clientID, ({ count }) => count === 19)
    first.provider.destroy()
    // Its awareness counts from 0 again.
    const second = await join({ room, id: 'bob', document })
    await sees(ada, document.clientID, ({ count }) => count === undefined, AT_ONCE)
    set(second.provider, 'count', 1)
    await sees(ada, document.clientID, ({ count }) => count === 1, AT_ONCE)
    expect([...second.closes, ...second.denials]).toEqual([])
  })

  it('[PRE8] two rooms on one socket, two tabs of one person, and one document in two providers', async () => {
    const [one, two] = [newRoom(), newRoom()]
    const watchers = [await join({ room: one, id: 'ada' }), await join({ room: two, id: 'ada' })] as const
    const socket = connectSocket(server.wsUrl)
    onTestFinished(() => socket.destroy())
    const bobs = [
      await join({ room: one, id: 'bob', socket }),
      await join({ room: two, id: 'bob', socket }),
    ] as const
    await sees(watchers[0], bobs[0].document.clientID)
    await sees(watchers[1], bobs[1].document.clientID)
    expect(stateOf(watchers[0], bobs[1].document.clientID)).toBeUndefined()
    const tab = await join({ room: one, id: 'bob' })
    const shared = await join({ room: one, id: 'bob', document: tab.document })
    await sees(watchers[0], tab.document.clientID)
    for (let i = 0; i < 10; i += 1) {
      set(tab.provider, 'tab', i)
      set(shared.provider, 'shared', i)
    }
    await watchers[0].saved()
    for (const { closes, denials } of [...watchers, ...bobs, tab, shared]) {
      expect([closes, denials]).toEqual([[], []])
    }
  })

  it('[PRE8] one that says of a whole room that it has not heard of it for long is not refused', async () => {
    const room = newRoom()
    const ada = await join({ room, id: 'ada' })
    const woken = await raw(room, 'bob')
    const gone = Array.from({ length: 1_000 }, (_, i) => entry(1_000_000_000 + i, 9, null))
    woken.raw(awarenessFrame(room, entry(ada.document.clientID, 1, null), ...gone))
    await woken.handled()
    expect(woken.closed).toBeUndefined()
    expect(stateOf(ada, ada.document.clientID)).toBeDefined()
  })
})

describe('how much is told', () => {
  it('[PRE9] of many changes a few are told, ten a second, and the last one always', async () => {
    const room = newRoom()
    const watcher = await raw(room, 'bob')
    const busy = await raw(room, 'ada')
    const CHANGES = 2_000
    const started = Date.now()
    for (let clock = 1; clock <= CHANGES; clock += 1) {
      busy.raw(awarenessFrame(room, entry(31, clock, { clock })))
      if (clock % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const last = () => entriesIn(watcher.presence).filter(({ id, clock }) => id === 31 && clock === CHANGES)
    await until(() => last().length > 0)
    const windows = Math.ceil((Date.now() - started) / 100)
    expect(entriesIn(watcher.presence).length).toBeLessThanOrEqual(windows + 1)
    expect(JSON.parse(last()[0]?.json ?? '')).toMatchObject({ clock: CHANGES })
  })
})
