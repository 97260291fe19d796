import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServerOptions } from '../support/server.ts'
import { type Fault, type ReaderRecord, RoomRecord, type Sighting } from './checker.ts'
import { type Mortal, type StormOptions, storm } from './storm.ts'

const EARLY = fileURLToPath(new URL('./early-events.ts', import.meta.url))
const FORGETFUL = fileURLToPath(new URL('./forgetful-events.ts', import.meta.url))
const GRANTS = { 'build:*': 'write' } as const
const SMALL: Omit<StormOptions, 'room'> = {
  events: 2_000,
  publishers: 3,
  readers: 3,
  batch: 10,
  kills: 3,
  reconnects: 10,
  withinMs: 60_000,
}

async function startMortal(options: TestServerOptions = {}): Promise<Mortal> {
  const server = await startServer(options)
  onTestFinished(() => server.dispose())
  return {
    wsUrl: () => server.wsUrl,
    url: () => server.url,
    token: () => server.token('ada', GRANTS),
    kill: async () => {
      await server.kill9()
      await server.restart()
    },
  }
}

it('[EVT60] loses, doubles and disorders nothing over ten reconnects of all and three kills of the server', async () => {
  const server = await startMortal()
  const room = 'build:storm'
  // Somebody edits meanwhile, so that there are edits between the events.
  const typist = connectProvider({ wsUrl: server.wsUrl(), room, token: server.token })
  const typing = setInterval(() => typist.edits.push(['edit']), 10)
  onTestFinished(() => {
    clearInterval(typing)
    typist.destroy()
  })
  const { record, stored } = await storm(server, { ...SMALL, room })
  expect(record.check(stored)).toEqual([])
  expect(record.publishers.flatMap(({ rejected }) => rejected)).toEqual([])
  expect(stored).toHaveLength(2_000)
  expect(stored.at(-1)?.seq).toBeGreaterThan(2_000)
}, 90_000)

it('[EVT60] negative control: a server that acknowledges before it commits is caught', async () => {
  const server = await startMortal({ entry: EARLY })
  const { record, stored } = await storm(server, { ...SMALL, room: 'build:early', reconnects: 0 })
  expect(kinds(record.check(stored))).toContain('lost')
}, 90_000)

it('[EVT60] negative control: a server that tells everybody only what is new to it is caught', async () => {
  const server = await startMortal({ entry: FORGETFUL })
  const { record, stored } = await storm(server, { ...SMALL, room: 'build:forgetful', kills: 0 })
  expect(kinds(record.check(stored))).toEqual(['missed'])
}, 90_000)

const kinds = (faults: readonly Fault[]): readonly string[] =>
  [...new Set(faults.map(({ kind }) => kind))].sort()

/** A room of ten events, as it was, with one thing in the record changed. */
function tampered(change: (record: RoomRecord, stored: Sighting[], reader: ReaderRecord) => void) {
  const record = new RoomRecord()
  const stored = Array.from({ length: 10 }, (_, i) => ({ seq: 2 * i + 1, id: `e${i}` }))
  const publishers = [record.publisher('ada'), record.publisher('eve')]
  for (const [i, event] of stored.entries()) {
    publishers[i % 2]?.published.push(event.id)
    publishers[i % 2]?.acknowledged.push(event)
  }
  record.reader('all').seen.push(...stored)
  const reader = record.reader('late', 5)
  reader.seen.push(...stored.slice(3))
  change(record, stored, reader)
  return record.check(stored)
}

const swap = <Item>(list: Item[], at: number): void => {
  list.splice(at, 2, ...list.slice(at, at + 2).reverse())
}

it('[EVT60] has a control: the checker finds nothing wrong where nothing is', () => {
  expect(tampered(() => undefined)).toEqual([])
})

it.each<[string, string[], Parameters<typeof tampered>[0]]>([
  [
    'an acknowledgement of what is not there',
    ['lost'],
    (record) => {
      record.publishers[0]?.published.push('early')
      record.publishers[0]?.acknowledged.push({ id: 'early', seq: 21 })
    },
  ],
  [
    'an acknowledgement with another seq',
    ['disagreement'],
    (record) => {
      record.publishers[0]?.acknowledged.splice(0, 1, { id: 'e0', seq: 2 })
    },
  ],
  ['an event dropped on its way', ['missed'], (_, __, reader) => reader.seen.splice(2, 1)],
  ['the last event dropped on its way', ['missed'], (_, __, reader) => reader.seen.pop()],
  ['an event delivered twice', ['twice'], (_, __, reader) => reader.seen.push(...reader.seen.slice(-1))],
  [
    'an event delivered again later',
    ['twice'],
    (_, __, reader) => reader.seen.push(...reader.seen.slice(1, 2)),
  ],
  ['two events swapped', ['disorder'], (_, __, reader) => swap(reader.seen, 3)],
  [
    'a seq seen under another id',
    ['disagreement', 'missed'],
    (_, __, reader) => reader.seen.splice(2, 1, { seq: reader.seen[2]?.seq ?? 0, id: 'e9' }),
  ],
  ['an event that nobody published', ['invented'], (_, stored) => stored.push({ seq: 30, id: 'ghost' })],
  ['an event stored twice', ['twice'], (_, stored) => stored.push({ seq: 30, id: 'e9' })],
  [
    "a publisher's events in another order",
    ['disorder'],
    (record) => swap(record.publishers[0]?.published ?? [], 1),
  ],
  ['an event that was never answered', ['unanswered'], (record) => record.publishers[0]?.acknowledged.pop()],
])('[EVT60] has a control: %s is caught', (_, wanted, change) => {
  const found = kinds(tampered(change))
  for (const kind of wanted) expect(found).toContain(kind)
})
