import { beforeEach, expect, it, onTestFinished } from 'vitest'
import type * as Y from 'yjs'
import { encodeStates } from '../../server/realtime/presence-frame.ts'
import { awarenessFrame, type Entry, entry } from '../support/awareness.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { MemoryNetwork } from '../support/memory-bus.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { until } from '../support/server.ts'
import { tokenOf } from '../support/tokens.ts'

const room = 'doc:cluster'

type Bus = ReturnType<MemoryNetwork['join']>
interface Node extends TestGateway {
  readonly bus: Bus
}

let network: MemoryNetwork
let rome: Node
let oslo: Node

async function startNode(name: string): Promise<Node> {
  const bus = network.join(name)
  return { ...(await startGateway([], {}, bus)), bus }
}

beforeEach(async () => {
  network = new MemoryNetwork()
  rome = await startNode('rome')
  oslo = await startNode('oslo')
})

async function join({ wsUrl }: Node, id: string, document?: Y.Doc): Promise<Replica> {
  const replica = connectProvider({ wsUrl, room, token: tokenOf(id), ...(document && { document }) })
  onTestFinished(() => replica.destroy())
  replica.provider.setAwarenessField('user', { name: id, color: '#112233' })
  await replica.synced()
  return replica
}

async function raw({ wsUrl }: Node, id: string): Promise<RawClient> {
  const client = await RawClient.connect({ wsUrl, room, token: tokenOf(id) })
  onTestFinished(() => client.close())
  await client.ask()
  return client
}

const say = (client: RawClient, ...said: readonly Entry[]): void => client.raw(awarenessFrame(room, ...said))
const states = ({ provider }: Replica) => provider.awareness?.getStates() ?? new Map()
const sees = (
  watcher: Replica,
  id: number,
  holds: (state: Record<string, unknown>) => boolean = () => true,
) => until(() => states(watcher).has(id) && holds(states(watcher).get(id) ?? {}))
const misses = (watcher: Replica, id: number) => until(() => !states(watcher).has(id))

it('[CLU10] people in one room see each other over nodes, also who comes later, and leave at once', async () => {
  const ada = await join(rome, 'ada')
  const bob = await join(oslo, 'bob')
  await Promise.all([sees(bob, ada.document.clientID), sees(ada, bob.document.clientID)])
  expect(states(bob).get(ada.document.clientID)).toEqual({
    user: { id: 'ada', name: 'ada', color: '#112233' },
  })
  const eve = await join(oslo, 'eve')
  await Promise.all([sees(eve, ada.document.clientID), sees(ada, eve.document.clientID)])
  ada.provider.setAwarenessField('cursor', 7)
  await Promise.all([bob, eve].map((one) => sees(one, ada.document.clientID, ({ cursor }) => cursor === 7)))
  ada.destroy()
  await Promise.all([bob, eve].map((one) => misses(one, ada.document.clientID)))
  expect([...bob.closes, ...eve.closes]).toEqual([])
})

it('[CLU10] has a control: without a bus nobody sees the other node’s', async () => {
  const alone = { ...(await startGateway()), bus: rome.bus }
  const ada = await join(alone, 'ada')
  const cleo = await join(alone, 'cleo')
  const bob = await join(oslo, 'bob')
  await Promise.all([sees(cleo, ada.document.clientID), sees(bob, bob.document.clientID)])
  expect([states(ada).has(bob.document.clientID), states(bob).size]).toEqual([false, 1])
})

/** Counts how often the watcher was told that client 7 is gone. */
function vanishings(watcher: Replica): () => number {
  let times = 0
  watcher.provider.awareness?.on('change', ({ removed }: { readonly removed: readonly number[] }) => {
    if (removed.includes(7)) times += 1
  })
  return () => times
}

it('[CLU11] who changes nodes does not vanish, though the node they left notices later, or is late, or dead', async () => {
  const kyiv = await startNode('kyiv')
  const [bob, cleo, dan] = await Promise.all([join(rome, 'bob'), join(oslo, 'cleo'), join(kyiv, 'dan')])
  const watchers = [bob, cleo, dan]
  const allSee = (mark: string) =>
    Promise.all(watchers.map((one) => sees(one, 7, (state) => state.mark === mark)))
  const first = await raw(rome, 'ada')
  say(first, entry(7, 5, { mark: 'in rome' }))
  await allSee('in rome')
  const vanished = watchers.map(vanishings)

  // She comes as she was, while her former connection still stands.
  const second = await raw(oslo, 'ada')
  say(second, entry(7, 5, { mark: 'in oslo' }))
  await allSee('in oslo')
  first.close()
  await until(() => first.closed !== undefined)
  // What oslo says of her after rome has said that she is gone.
  say(second, entry(7, 6, { mark: 'in oslo, alone' }))
  await allSee('in oslo, alone')

  // What oslo says of it arrives after what kyiv says.
  const release = oslo.bus.hold()
  say(second, entry(7, 7, { mark: 'never seen last' }))
  await sees(cleo, 7, ({ mark }) => mark === 'never seen last')
  second.close()
  const third = await raw(kyiv, 'ada')
  say(third, entry(7, 7, { mark: 'in kyiv' }))
  await Promise.all([bob, dan].map((one) => sees(one, 7, ({ mark }) => mark === 'in kyiv')))
  release()
  await allSee('in kyiv')

  // The node that she left is dead, and is known to be so later.
  const fourth = await raw(rome, 'ada')
  say(fourth, entry(7, 7, { mark: 'home' }))
  await allSee('home')
  kyiv.bus.disconnect()
  say(fourth, entry(7, 8, { mark: 'still home' }))
  await Promise.all([bob, cleo].map((one) => sees(one, 7, ({ mark }) => mark === 'still home')))
  // Where her only connection was closed before another node told of her, she was gone until it did.
  expect(vanished.map((times) => times()).slice(0, 2)).toEqual([0, 1])
})

it('[CLU11] the same where the node she comes to has not heard of her before', async () => {
  const bob = await join(rome, 'bob')
  const first = await raw(rome, 'ada')
  say(first, entry(7, 5, { mark: 'in rome' }))
  await sees(bob, 7)
  const release = rome.bus.hold()
  const cleo = await join(oslo, 'cleo')
  const vanished = vanishings(cleo)
  const second = await raw(oslo, 'ada')
  say(second, entry(7, 5, { mark: 'in oslo' }))
  await sees(cleo, 7, ({ mark }) => mark === 'in oslo')
  first.close()
  await until(() => first.closed !== undefined)
  release()
  await sees(cleo, bob.document.clientID)
  say(second, entry(7, 6, { mark: 'settled' }))
  await Promise.all([bob, cleo].map((one) => sees(one, 7, ({ mark }) => mark === 'settled')))
  second.close()
  await Promise.all([bob, cleo].map((one) => misses(one, 7)))
  expect(vanished()).toBe(1)
})

it('[CLU11] nobody takes an id that is somebody else’s on another node', async () => {
  const bob = await join(oslo, 'bob')
  const ada = await raw(rome, 'ada')
  say(ada, entry(7, 5, {}))
  await sees(bob, 7)
  const eve = await raw(oslo, 'eve')
  say(eve, entry(7, 900, {}))
  await until(() => eve.closed !== undefined)
  expect(eve.closed).toEqual({ code: 4400, reason: 'awareness-invalid' })
  say(ada, entry(7, 6, { mark: 'still here' }))
  await sees(bob, 7, ({ mark }) => mark === 'still here')
})

it('[CLU12] a node that is gone takes its people with it and nobody else; back again, all see all', async () => {
  const [ada, bob, cleo] = await Promise.all([join(rome, 'ada'), join(oslo, 'bob'), join(oslo, 'cleo')])
  const [adas, bobs, cleos] = [ada, bob, cleo].map(({ document }) => document.clientID) as [
    number,
    number,
    number,
  ]
  const allSeeAll = () =>
    Promise.all([ada, bob, cleo].flatMap((one) => [adas, bobs, cleos].map((id) => sees(one, id))))
  await allSeeAll()
  rome.bus.disconnect()
  await Promise.all([misses(bob, adas), misses(cleo, adas), misses(ada, bobs), misses(ada, cleos)])
  expect([states(bob).has(cleos), states(cleo).has(bobs), states(ada).has(adas)]).toEqual([true, true, true])
  cleo.destroy()
  await misses(bob, cleos)
  rome.bus.connect()
  await Promise.all([sees(bob, adas), sees(ada, bobs)])
  expect(states(ada).has(cleos)).toBe(false)
  // One that was only taken for gone, and knows nothing of it, is asked, and where that is lost is believed again with its next word.
  const answers = rome.bus.hold()
  oslo.bus.lose('rome')
  await misses(bob, adas)
  answers()
  await sees(bob, adas)
  rome.bus.hold()
  oslo.bus.lose('rome')
  await misses(bob, adas)
  rome.bus.dropHeld()
  ada.provider.setAwarenessField('cursor', 1)
  await sees(bob, adas, ({ cursor }) => cursor === 1)
})

it('[CLU12] what was missed of a room meanwhile is made good: who has left is gone, who has come is there', async () => {
  const [ada, bob] = await Promise.all([join(rome, 'ada'), join(oslo, 'bob')])
  const eve = await raw(rome, 'eve')
  say(eve, entry(7, 1, {}))
  await sees(bob, 7)
  // The others do not notice that it was away for a moment.
  rome.bus.hold()
  eve.close()
  await misses(ada, 7)
  rome.bus.dropHeld()
  expect(states(bob).has(7)).toBe(true)
  rome.bus.connect()
  await misses(bob, 7)
  expect(states(bob).has(ada.document.clientID)).toBe(true)
})

it('[CLU13] what a node says is read to its last byte and bounded; what is not understood harms nobody', async () => {
  const bob = await join(oslo, 'bob')
  const other = network.join('other')
  const topic = `presence:${room}`
  const told = (...said: readonly Entry[]) => Buffer.concat([Uint8Array.of(0), encodeStates(said)])
  const user = { id: 'ada', name: 'Ada' }
  const deep = JSON.parse(`${'[{"a":'.repeat(40)}1${'}]'.repeat(40)}`)
  const whole = told(entry(7, 1, { user }))
  for (const message of [
    Buffer.alloc(0),
    Buffer.from([9, 1, 2, 3]),
    Buffer.from([0, 255, 255, 255, 255, 15]),
    whole.subarray(0, -1),
    Buffer.concat([whole, Uint8Array.of(0)]),
    told(entry(7, 1, { name: 'nobody' })),
    told(entry(7, 1, 'no object')),
    told(entry(7, 1, { user, text: 'x'.repeat(33_000) })),
    told(entry(7, 1, { user, deep })),
    told({ id: 7, clock: 1, json: '{"user":{"id":"ada"},"__proto__":{}}' }),
    told({ id: 7, clock: 2 ** 40, json: JSON.stringify({ user }) }),
  ]) {
    other.publish(topic, message)
  }
  other.publish(topic, told(entry(8, 1, { user })))
  await sees(bob, 8)
  expect(states(bob).has(7)).toBe(false)
  expect(bob.closes).toEqual([])
  other.publish(topic, Buffer.from([3]))
  await misses(bob, 8)
})

it('[CLU13] a state that cannot be taken is left out by itself, and the log is told once', async () => {
  const bob = await join(oslo, 'bob')
  const other = network.join('other')
  const say = (kind: number, ...said: readonly Entry[]) =>
    other.publish(`presence:${room}`, Buffer.concat([Uint8Array.of(kind), encodeStates(said)]))
  const user = { id: 'ada', name: 'Ada' }
  say(0, entry(7, 1, { user }), entry(8, 1, { user }))
  await sees(bob, 7)
  for (const bad of [
    entry(7, 2, 'no object'),
    entry(7, 2 ** 40, { user }),
    entry(7, 2, { text: 'x'.repeat(33_000) }),
  ])
    say(0, bad, entry(8, bad.clock, { user, mark: 'news' }))
  await sees(bob, 8, ({ mark }) => mark === 'news')
  // All there are: seven is still one of them, as it was; eight is not.
  say(1, entry(7, 3, 'no object'), entry(9, 1, { user }))
  await sees(bob, 9)
  await misses(bob, 8)
  expect(states(bob).get(7)).toEqual({ user })
  // In a frame that ends too early nothing can be told apart: all of it is left out.
  const whole = encodeStates([entry(9, 2, { user, mark: 'cut' }), entry(10, 1, { user })])
  other.publish(`presence:${room}`, Buffer.concat([Uint8Array.of(0), whole.subarray(0, -1)]))
  say(0, entry(11, 1, { user }))
  await sees(bob, 11)
  expect([states(bob).has(10), states(bob).get(9)]).toEqual([false, { user }])
  const warnings = oslo.logged.filter(({ topic }) => topic === `presence:${room}`)
  expect(warnings).toMatchObject([{ from: 'other', reason: expect.stringContaining('a state is no object') }])
})
