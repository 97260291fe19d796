import { pino } from 'pino'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { type Client, connect, type Room } from '../../client/sdk/index.ts'
import { ON_THE_WAY } from '../../server/nodes/on-the-way.ts'
import { moveAll } from '../../server/realtime/handover.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { MemoryNetwork } from '../support/memory-bus.ts'
import { type NetworkProxy, startProxy } from '../support/network-proxy.ts'
import { connectProvider } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { until } from '../support/server.ts'
import { tokenOf } from '../support/tokens.ts'

const silent = pino({ level: 'silent' })

interface Node extends TestGateway {
  readonly url: string
  readonly bus: ReturnType<MemoryNetwork['join']>
}

let rome: Node
let oslo: Node
/** Where everybody is who stays. */
let kyiv: Node
/** Has heard of nobody. */
let bern: Node
/** The load balancer: first it sends all to rome. */
let balancer: NetworkProxy

beforeEach(async () => {
  const network = new MemoryNetwork()
  const start = async (name: string): Promise<Node> => {
    const bus = network.join(name)
    const gateway = await startGateway([], {}, bus)
    return { ...gateway, bus, url: gateway.wsUrl.replace('ws', 'http').replace('/sync', '') }
  }
  ;[rome, oslo, kyiv, bern] = [
    await start('rome'),
    await start('oslo'),
    await start('kyiv'),
    await start('bern'),
  ]
  balancer = await startProxy(rome.url)
  onTestFinished(() => balancer.close())
})

function enter(url: string, user: string): { readonly client: Client; readonly room: Room } {
  const client = connect({ url, token: () => tokenOf(user), user: { id: user, name: user }, offline: false })
  onTestFinished(() => client.destroy())
  return { client, room: client.room('doc:moving') }
}

const shown = (room: Room) =>
  room
    .getPeople()
    .filter(({ self }) => !self)
    .map(({ id, where }) => `${id} ${where ?? ''}`.trim())
    .sort()
    .join(', ')

/** All that a room shows of the others from now on, without repeats in a row. */
function watch(room: Room): readonly string[] {
  const seen = [shown(room)]
  const look = () => {
    if (seen.at(-1) !== shown(room)) seen.push(shown(room))
  }
  onTestFinished(room.subscribe(look))
  // Editors draw carets from there.
  room.awareness.on('change', look)
  return seen
}

/** Ada on rome, with bob and cleo on kyiv, which says nothing more until it is released; then they are sent to oslo. */
async function gather() {
  const [{ room: ada }, { room: bob }, cleo] = [
    enter(balancer.url, 'ada'),
    enter(kyiv.url, 'bob'),
    enter(kyiv.url, 'cleo'),
  ]
  await Promise.all([ada, bob, cleo.room].map((room) => room.whenSynced()))
  await until(() => shown(ada) === 'bob, cleo' && shown(bob) === 'ada, cleo')
  const seen = watch(ada)
  const release = kyiv.bus.hold()
  balancer.direct(oslo.url)
  return { ada, bob, cleo: cleo.client, seen, release }
}

it('[CLU27] who is moved to another node is shown the others as they were, then as the new node has them, and nobody who left meanwhile for long', async () => {
  const { ada, bob, cleo, seen } = await gather()
  await moveAll(rome.connections, 0, silent)
  await until(() => oslo.connections.size === 1 && ada.status === 'online')
  // Nothing has been said of anybody there, and cleo's goodbye is never heard.
  cleo.destroy()
  await until(() => shown(bob) === 'ada')
  kyiv.bus.dropHeld()
  expect(seen).toEqual(['bob, cleo'])
  bob.setWhere('page 3')
  await until(() => shown(ada).includes('page 3'))
  await until(() => shown(ada) === 'bob page 3')
  expect(seen).toEqual(['bob, cleo', 'bob page 3, cleo', 'bob page 3'])
})

/** As `gather`, with dora on rome, where eve comes too: over a balancer of her own, so that she finds no other node. */
async function gatherMore() {
  const { ada, bob, cleo, release } = await gather()
  release()
  const lost = await startProxy(rome.url)
  onTestFinished(() => lost.close())
  const { room: dora } = enter(rome.url, 'dora')
  const { room: eve } = enter(lost.url, 'eve')
  await Promise.all([dora.whenSynced(), eve.whenSynced()])
  await until(() => shown(dora) === 'ada, bob, cleo, eve' && shown(bob) === 'ada, cleo, dora, eve')
  return { ada, bob, cleo, dora, lost }
}

/** The newest WebSocket of a node that is not one of these. */
const newest = (node: Node, besides: ReadonlySet<unknown> = new Set()) => {
  const socket = [...node.connections.all].filter((one) => !besides.has(one)).at(-1)
  if (socket === undefined) throw new Error('nobody is there')
  return socket
}

it('[CLU28] who is moved does not go and come back for the others, on either node, however often; who comes to no other node is gone', async () => {
  const { ada, bob, dora, lost } = await gatherMore()
  const [adas, , eves] = [...rome.connections.all]
  const [onRome, onKyiv] = [watch(dora), watch(bob)]
  // She says nothing of herself meanwhile: once she hears of others she is back.
  const hears = async (where: string) => {
    bob.setWhere(where)
    await until(() => [dora, ada].every((room) => shown(room).includes(`bob ${where}`)))
  }
  await adas?.move()
  await hears('page 1')
  balancer.direct(rome.url)
  const there = new Set(rome.connections.all)
  await newest(oslo).move()
  await hears('page 2')
  balancer.direct(oslo.url)
  await newest(rome, there).move()
  await hears('page 3')
  lost.direct('http://127.0.0.1:9')
  await eves?.move()
  // She was the last to be moved: by the time that she is gone, all others would be.
  await until(() => [dora, bob].every((room) => !shown(room).includes('eve')))
  const pages = ['', ' page 1', ' page 2', ' page 3'].map((where) => `ada, bob${where}, cleo, eve`)
  expect(onRome).toEqual([...pages, 'ada, bob page 3, cleo'])
  expect(onKyiv).toEqual(['ada, cleo, dora, eve', 'ada, cleo, dora'])
  // And that she goes is seen.
  balancer.direct('http://127.0.0.1:9')
  balancer.cut()
  await until(() => shown(dora) === 'bob page 3, cleo' && shown(bob) === 'cleo, dora')
})

it('[CLU28] nor where the room is closed behind them, and the node ends; who leaves meanwhile is gone', async () => {
  const { ada, bob, release, cleo } = await gather()
  release()
  const seen = watch(bob)
  const arrive = oslo.bus.hold()
  await moveAll(rome.connections, 0, silent)
  await until(() => oslo.connections.size === 1 && ada.status === 'online')
  await until(() => rome.hocuspocus.documents.size === 0)
  rome.bus.disconnect()
  cleo.destroy()
  await until(() => shown(bob) === 'ada')
  arrive()
  ada.setWhere('page 3')
  await until(() => shown(bob) === 'ada page 3')
  expect(seen).toEqual(['ada, cleo', 'ada', 'ada page 3'])
})

/** Somebody on rome who says nothing of themselves, and whether kyiv has somebody for online. */
async function gatherQuiet() {
  const { ada, release } = await gather()
  release()
  const dan = await RawClient.connect({ wsUrl: rome.wsUrl, room: 'doc:moving', token: tokenOf('dan') })
  onTestFinished(() => dan.cut())
  const isOnline = (user: string) => kyiv.whereabouts.get(user) !== undefined
  await until(() => isOnline('ada') && isOnline('dan'))
  return { ada, isOnline }
}

it('[CLU28] and is online over all rooms meanwhile, also on a node that ends, of which they were the last', async () => {
  const { ada, isOnline } = await gatherQuiet()
  let missed = 0
  const looking = setInterval(() => {
    if (!isOnline('ada')) missed += 1
  }, 1)
  onTestFinished(() => clearInterval(looking))
  await moveAll(rome.connections, 0, silent)
  rome.bus.disconnect()
  const ended = performance.now()
  await until(() => oslo.connections.size === 1 && ada.status === 'online')
  await until(() => !isOnline('dan'))
  expect(performance.now() - ended).toBeGreaterThan(ON_THE_WAY - 100)
  expect(isOnline('ada')).toBe(true)
  expect(missed).toBe(0)
})

it('[CLU28] and where the node goes on, also who says nothing of themselves', async () => {
  const { isOnline } = await gatherQuiet()
  const moved = performance.now()
  await newest(rome).move()
  await until(() => !isOnline('dan'))
  expect(performance.now() - moved).toBeGreaterThan(ON_THE_WAY - 100)
  expect(isOnline('ada')).toBe(true)
})

it('[CLU28] who comes to no other node is gone, also where the room is closed behind them and the node goes on', async () => {
  const { bob, release } = await gather()
  release()
  const seen = watch(bob)
  balancer.direct('http://127.0.0.1:9')
  await newest(rome).move()
  await until(() => rome.hocuspocus.documents.size === 0)
  bob.setWhere('here')
  await until(() => shown(bob) === 'cleo')
  expect(seen).toEqual(['ada, cleo', 'cleo'])
})

it('[CLU28] an unchanged provider is seen when it is back, also where its goodbye was the last of a room that is closed', async () => {
  const { ada, bob, release } = await gather()
  release()
  const wsUrl = `${balancer.url.replace('http', 'ws')}/sync`
  const stock = connectProvider({ wsUrl, room: 'doc:moving', token: tokenOf('stock') })
  onTestFinished(() => stock.destroy())
  stock.provider.setAwarenessField('where', 'a')
  await until(() => shown(ada).includes('stock a') && shown(bob).includes('stock a'))
  balancer.direct(rome.url)
  await newest(oslo).move()
  await until(() => rome.connections.size === 2)
  await until(() => isBehind(stock, bob))
  balancer.direct(bern.url)
  await moveAll(rome.connections, 0, silent)
  await until(() => bern.connections.size === 2)
  // Before it would say so itself, every fifteen seconds.
  await until(() => shown(bob) === 'ada, cleo, stock a', 8_000)
})

/** Whether somebody is known in a room under a later clock than they know: they were taken over by another node. */
const isBehind = ({ provider, document }: ReturnType<typeof connectProvider>, { awareness }: Room) =>
  (awareness.meta.get(document.clientID)?.clock ?? -1) >
  (provider.awareness?.meta.get(document.clientID)?.clock ?? 0)

/** An unchanged provider on oslo, at a clock of which rome has not heard; and finn, with whom the room stays open there. */
async function enterStock(bob: Room) {
  const { room: finn } = enter(oslo.url, 'finn')
  await finn.whenSynced()
  const wsUrl = `${balancer.url.replace('http', 'ws')}/sync`
  const stock = connectProvider({ wsUrl, room: 'doc:moving', token: tokenOf('stock') })
  onTestFinished(() => stock.destroy())
  stock.provider.setAwarenessField('where', 'a')
  await until(() => shown(bob).includes('stock a'))
  const release = oslo.bus.hold()
  stock.provider.setAwarenessField('where', 'b')
  const { awareness } = oslo.hocuspocus.documents.get('doc:moving') ?? {}
  await until(() => awareness?.getStates().get(stock.document.clientID)?.where === 'b')
  balancer.direct(rome.url)
  return { stock, release }
}

it('[CLU28] an unchanged provider, which says nothing new when it comes, is where it came to', async () => {
  const { bob, lost } = await gatherMore()
  const [, , eves] = [...rome.connections.all]
  const { release } = await enterStock(bob)
  await newest(oslo).move()
  await until(() => shown(bob).includes('stock b'))
  release()
  lost.direct('http://127.0.0.1:9')
  await eves?.move()
  await until(() => !shown(bob).includes('eve'))
  expect(shown(bob)).toContain('stock b')
})

it('[CLU28] and goes before it comes the second time, since it does not know at how late a clock it is known', async () => {
  const { bob, lost } = await gatherMore()
  const [, , eves] = [...rome.connections.all]
  const { stock, release } = await enterStock(bob)
  release()
  const there = new Set(rome.connections.all)
  await newest(oslo).move()
  await until(() => rome.connections.size > there.size)
  // What they say anew before rome has heard them say the same again is later than all that is known of them.
  await until(() => isBehind(stock, bob))
  stock.provider.setAwarenessField('where', 'c')
  await until(() => shown(bob).includes('stock c'))
  balancer.direct(oslo.url)
  // Of what passes, each state is noted: a busy machine may look at none of them.
  const seen = watch(bob)
  await newest(rome, there).move()
  await until(() => seen.some((people) => !people.includes('stock')))
  await until(() => shown(bob).includes('stock c'))
  lost.direct('http://127.0.0.1:9')
  await eves?.move()
  await until(() => !shown(bob).includes('eve'))
  expect(shown(bob)).toContain('stock c')
})

it('[CLU27] negative control: whose connection is cut sees nobody until they are told', async () => {
  const { ada, seen, release } = await gather()
  balancer.cut()
  await until(() => shown(ada) === '')
  release()
  await until(() => shown(ada) === 'bob, cleo')
  expect(seen).toContain('')
})
