import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import type { Limits } from '../../server/config.ts'
import { RequestLimit } from '../../server/http/request-limit.ts'
import { ClusterMap } from '../../server/nodes/cluster-map.ts'
import { CountsElsewhere } from '../../server/nodes/counts.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { MemoryNetwork } from '../support/memory-bus.ts'
import { RawClient } from '../support/raw-client.ts'
import { until } from '../support/server.ts'
import { tokenOf } from '../support/tokens.ts'

type Bus = ReturnType<MemoryNetwork['join']>
let network: MemoryNetwork
let buses: readonly [Bus, Bus]

beforeEach(() => {
  network = new MemoryNetwork()
  buses = [network.join('rome'), network.join('oslo')]
})
afterEach(() => {
  vi.useRealTimers()
})

const startNodes = (limits: Partial<Limits>): Promise<TestGateway[]> =>
  Promise.all(buses.map((bus) => startGateway([], limits, bus)))

async function connect({ wsUrl }: TestGateway, user: string): Promise<RawClient> {
  const client = await RawClient.connect({ wsUrl, room: 'doc:limits', token: tokenOf(user) })
  onTestFinished(() => client.cut())
  return client
}

it('[CLU17] a person has so many WebSockets over all nodes; one more is let in once one is closed, or its node is gone', async () => {
  const [rome, oslo] = (await startNodes({ socketsPerUser: 2 })) as [TestGateway, TestGateway]
  const first = await connect(rome, 'ada')
  expect((await connect(rome, 'ada')).refusal).toBeUndefined()
  await until(async () => {
    const third = await connect(oslo, 'ada')
    third.cut()
    return third.refusal === 'too-many-connections'
  })
  expect((await connect(oslo, 'bob')).refusal).toBeUndefined()
  first.close()
  await until(async () => (await connect(oslo, 'ada')).refusal === undefined)
  await until(async () => (await connect(oslo, 'ada')).refusal === 'too-many-connections')
  buses[0].disconnect()
  expect((await connect(oslo, 'ada')).refusal).toBeUndefined()
})

it('[CLU17] an address has so many WebSockets over all nodes', async () => {
  const [rome, oslo] = (await startNodes({ socketsPerAddress: 2 })) as [TestGateway, TestGateway]
  expect((await connect(rome, 'ada')).refusal).toBeUndefined()
  expect((await connect(rome, 'bob')).refusal).toBeUndefined()
  await until(async () => (await connect(oslo, 'eve')).refusal === 'too-many-connections')
})

it('[CLU17] has a control: without a bus each node counts for itself', async () => {
  const [rome, oslo] = await Promise.all([
    startGateway([], { socketsPerUser: 1 }),
    startGateway([], { socketsPerUser: 1 }),
  ])
  expect((await connect(rome, 'ada')).refusal).toBeUndefined()
  expect((await connect(oslo, 'ada')).refusal).toBeUndefined()
})

it('[CLU17] of counts far below their limit nothing is told', () => {
  vi.useFakeTimers()
  const told: string[] = []
  const [here, there] = buses
  const published = vi.spyOn(here, 'publish')
  const counts = new Map<string, number>()
  const options = { topic: 'counts', limit: 100, keys: () => counts.keys() }
  const own = new CountsElsewhere(here, { ...options, countOf: (key) => counts.get(key) ?? 0 })
  const other = new CountsElsewhere(there, { ...options, countOf: () => 0 })
  const set = (key: string, count: number) => {
    counts.set(key, count)
    own.changed(key)
    published.mockClear()
    vi.advanceTimersByTime(260)
    told.push(`${key} ${published.mock.calls.length} ${other.of(key)}`)
  }
  vi.advanceTimersByTime(10)
  set('ada', 9)
  set('ada', 10)
  set('ada', 11)
  set('ada', 9)
  set('ada', 8)
  expect(told).toEqual(['ada 0 0', 'ada 1 10', 'ada 1 11', 'ada 1 0', 'ada 0 0'])
})

it('[CLU18] an address has so many requests over all nodes, batches of events among them', async () => {
  const [rome, oslo] = buses.map((bus) => new RequestLimit(10, bus)) as [RequestLimit, RequestLimit]
  const alone = new RequestLimit(10)
  for (let sent = 0; sent < 6; sent += 1) expect(await rome.refusal('a')).toBeUndefined()
  await rome.charge('a', 40)
  await until(async () => (await oslo.refusal('a')) !== undefined)
  expect(await oslo.refusal('b')).toBeUndefined()
  // Nobody has told it.
  expect(await alone.refusal('a')).toBeUndefined()
})

it('[CLU19] who gave too many reasons to be closed is kept out by the other nodes, too, and nobody else is', async () => {
  const [rome, oslo] = (await startNodes({ faultsPerMinute: 3 })) as [TestGateway, TestGateway]
  for (let faults = 0; faults < 4; faults += 1) {
    const mallory = await connect(rome, 'mallory')
    mallory.raw(Uint8Array.of(255))
    await until(() => mallory.closed !== undefined)
  }
  await until(async () => (await connect(oslo, 'mallory')).refusal === 'rate-limited')
  expect((await connect(oslo, 'ada')).refusal).toBeUndefined()
})

/** A map that a test fills by itself. */
function mapOf(
  bus: Bus,
  own: Map<string, number>,
  lingers?: number,
  onChange: (key: string) => void = () => undefined,
): ClusterMap<number> {
  return new ClusterMap({
    bus,
    topic: 'test',
    value: z.number(),
    keys: () => own.keys(),
    valueOf: (key) => own.get(key),
    ...(lingers !== undefined && { lingers }),
    onChange,
  })
}

it('[CLU13] what a later version says of one key takes nothing from the others, and is not asked for again and again', () => {
  vi.useFakeTimers()
  const [rome, oslo] = buses
  const later = new ClusterMap<number | string>({
    bus: rome,
    topic: 'test',
    value: z.union([z.number(), z.string()]),
    keys: () => ['one', 'two'],
    valueOf: (key) => (key === 'one' ? 'many' : 2),
  })
  const changed: string[] = []
  const earlier = mapOf(oslo, new Map(), undefined, (key) => changed.push(key))
  vi.advanceTimersByTime(6_000)
  expect(changed).toContain('two')
  changed.length = 0
  vi.advanceTimersByTime(20_000)
  expect(changed).toEqual([])
  expect([earlier.elsewhere('one'), earlier.elsewhere('two'), [...earlier.keys()]]).toEqual([
    [],
    [2],
    ['two'],
  ])
  expect(later.elsewhere('two')).toEqual([])
})

it('[CLU16] who comes later is told all; who comes back tells anew, and what it said before counts no more', () => {
  vi.useFakeTimers()
  const [rome, oslo] = buses
  const own = new Map(Array.from({ length: 1_200 }, (_, n) => [`key ${n}`, n]))
  const here = mapOf(rome, own)
  const there = mapOf(oslo, new Map([['key 3', 33]]))
  vi.advanceTimersByTime(10)
  expect([there.elsewhere('key 3'), there.elsewhere('key 1199'), here.elsewhere('key 3')]).toEqual([
    [3],
    [1199],
    [33],
  ])
  own.set('key 3', 4)
  here.changed('key 3')
  expect(there.elsewhere('key 3')).toEqual([3])
  vi.advanceTimersByTime(260)
  expect(there.elsewhere('key 3')).toEqual([4])
  own.delete('key 3')
  here.changed('key 3')
  vi.advanceTimersByTime(260)
  expect(there.elsewhere('key 3')).toEqual([])
  rome.disconnect()
  expect([there.elsewhere('key 5'), here.elsewhere('key 3')]).toEqual([[], []])
  own.delete('key 5')
  here.changed('key 5')
  rome.connect()
  vi.advanceTimersByTime(10)
  expect([there.elsewhere('key 5'), there.elsewhere('key 6'), here.elsewhere('key 3')]).toEqual([
    [],
    [6],
    [33],
  ])
})

it('[CLU16] who was taken for gone by mistake, and knows nothing of it, is known again seconds later', () => {
  vi.useFakeTimers()
  const [rome, oslo] = buses
  mapOf(rome, new Map([['key', 1]]))
  const there = mapOf(oslo, new Map())
  vi.advanceTimersByTime(10)
  oslo.lose('rome')
  expect(there.elsewhere('key')).toEqual([])
  vi.advanceTimersByTime(5_010)
  expect(there.elsewhere('key')).toEqual([1])
})

it('[CLU16] what was missed is asked for: when more is told, or seconds later', () => {
  vi.useFakeTimers()
  const [rome, oslo] = buses
  const own = new Map([['one', 1]])
  const here = mapOf(rome, own)
  const there = mapOf(oslo, new Map())
  vi.advanceTimersByTime(10)
  const lose = (key: string, value: number) => {
    rome.hold()
    own.set(key, value)
    here.changed(key)
    vi.advanceTimersByTime(260)
    rome.dropHeld()
  }
  lose('one', 11)
  expect(there.elsewhere('one')).toEqual([1])
  own.set('two', 2)
  here.changed('two')
  vi.advanceTimersByTime(260)
  expect([there.elsewhere('one'), there.elsewhere('two')]).toEqual([[11], [2]])
  lose('two', 22)
  expect(there.elsewhere('two')).toEqual([2])
  vi.advanceTimersByTime(5_010)
  expect(there.elsewhere('two')).toEqual([22])
})

it('[CLU16] where one of several messages of all is lost, it is asked for seconds later', () => {
  vi.useFakeTimers()
  const [rome, oslo] = buses
  const there = mapOf(oslo, new Map())
  vi.advanceTimersByTime(10)
  const { publish } = rome
  const lossy = vi.spyOn(rome, 'publish').mockImplementation((topic, body) => {
    if (!Buffer.from(body).includes('"more"')) publish.call(rome, topic, body)
  })
  mapOf(rome, new Map(Array.from({ length: 1_200 }, (_, n) => [`key ${n}`, n])))
  vi.advanceTimersByTime(10)
  lossy.mockRestore()
  expect([there.elsewhere('key 3'), there.elsewhere('key 1199')]).toEqual([[3], []])
  vi.advanceTimersByTime(5_010)
  expect(there.elsewhere('key 1199')).toEqual([1199])
})

it('[CLU13] what is not of the form that a topic has is passed over', () => {
  vi.useFakeTimers()
  const [rome, oslo] = buses
  const there = mapOf(oslo, new Map())
  for (const text of ['', '{', '[]', '{"kind":"all","count":0,"entries":[["key","one"]]}', '\ufffd']) {
    rome.publish('test', Buffer.from(text))
  }
  rome.publish('test', Uint8Array.of(0xff, 0xfe))
  rome.publish('test', Buffer.from('{"kind":"all","count":0,"entries":[["key",1]]}'))
  vi.advanceTimersByTime(10)
  expect(there.elsewhere('key')).toEqual([1])
})

it('[CLU28] what a node has told may linger for a while after it has gone, and stays where it was not gone', () => {
  vi.useFakeTimers()
  const [rome, oslo] = buses
  mapOf(rome, new Map([['key', 1]]))
  const there = mapOf(oslo, new Map(), 2_000)
  vi.advanceTimersByTime(4_000)
  oslo.lose('rome')
  // Rome's beat is heard a second later.
  vi.advanceTimersByTime(3_000)
  expect(there.elsewhere('key')).toEqual([1])
  rome.disconnect()
  vi.advanceTimersByTime(1_990)
  expect(there.elsewhere('key')).toEqual([1])
  vi.advanceTimersByTime(20)
  expect(there.elsewhere('key')).toEqual([])
})
