import { pino } from 'pino'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { type Client, connect, type Room } from '../../client/sdk/index.ts'
import { moveAll } from '../../server/realtime/handover.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { MemoryNetwork } from '../support/memory-bus.ts'
import { type NetworkProxy, startProxy } from '../support/network-proxy.ts'
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
/** The load balancer: first it sends all to rome. */
let balancer: NetworkProxy

beforeEach(async () => {
  const network = new MemoryNetwork()
  const start = async (name: string): Promise<Node> => {
    const bus = network.join(name)
    const gateway = await startGateway([], {}, bus)
    return { ...gateway, bus, url: gateway.wsUrl.replace('ws', 'http').replace('/sync', '') }
  }
  ;[rome, oslo, kyiv] = [await start('rome'), await start('oslo'), await start('kyiv')]
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

it('[CLU27] negative control: whose connection is cut sees nobody until they are told', async () => {
  const { ada, seen, release } = await gather()
  balancer.cut()
  await until(() => shown(ada) === '')
  release()
  await until(() => shown(ada) === 'bob, cleo')
  expect(seen).toContain('')
})
