import { expect, it, onTestFinished } from 'vitest'
import { startServer, type TestServer, until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'
import { RoomRecord } from './checker.ts'
import { EventClient } from './event-client.ts'
import { readAll, storm } from './storm.ts'

const env = { JWT_SECRET: SECRET }
const token = async () => tokenOf('ada', { grants: { 'build:*': 'write' } })

/** Two servers on one database. */
async function startNodes(): Promise<readonly [TestServer, TestServer]> {
  const first = await startServer({ env })
  onTestFinished(() => first.dispose())
  const second = await startServer({ env: { ...env, DATABASE_URL: first.databaseUrl } })
  onTestFinished(() => second.dispose())
  return [first, second]
}

it('[EVT62] loses, doubles and disorders nothing of what two nodes publish in one room, for people who change between them', async () => {
  const nodes = await startNodes()
  let connections = 0
  const node = () => nodes[connections % 2] ?? nodes[0]
  const { record, stored } = await storm(
    {
      wsUrl: () => {
        connections += 1
        return node().wsUrl
      },
      url: () => nodes[0].url,
      token,
      kill: async () => {
        await nodes[1].kill9()
        await nodes[1].restart()
      },
    },
    {
      room: 'build:two',
      events: 2_000,
      publishers: 3,
      readers: 3,
      batch: 10,
      kills: 1,
      reconnects: 11,
      withinMs: 60_000,
    },
  )
  expect(record.check(stored)).toEqual([])
  expect(stored).toHaveLength(2_000)
}, 90_000)

it('[EVT62] tells who watches on one node what another wrote before it, in its place', async () => {
  const [here, there] = await startNodes()
  const record = new RoomRecord()
  const room = 'build:watched'
  const join = (name: string, server: TestServer) => {
    const client = new EventClient({
      url: () => server.wsUrl,
      token,
      room,
      publisher: record.publisher(name),
      reader: record.reader(name),
    })
    onTestFinished(() => client.destroy())
    return client
  }
  const ada = join('ada', here)
  const eve = join('eve', there)
  await until(() => ada.resumed && eve.resumed)
  const publish = async (client: EventClient, id: string) => {
    client.publish([{ type: 'build.started', id, payload: {} }])
    await until(() => client.unanswered === 0)
  }
  await publish(ada, '1')
  await publish(eve, '2')
  await publish(eve, '3')
  await publish(ada, '4')
  const seen = () => record.readers[0]?.seen.map(({ id }) => id)
  await until(() => seen()?.length === 4)
  expect(seen()).toEqual(['1', '2', '3', '4'])
  // Who has seen more than the other node knows of goes on there all the same, and is told of what is missing there.
  await publish(eve, '5')
  const late = new EventClient({ url: () => here.wsUrl, token, room, reader: record.reader('late', 4) })
  onTestFinished(() => late.destroy())
  await until(() => late.resumed)
  expect(record.readers[2]?.seen).toEqual([{ seq: 5, id: '5' }])
  await publish(eve, '6')
  const ahead = new EventClient({ url: () => here.wsUrl, token, room, reader: record.reader('ahead', 6) })
  onTestFinished(() => ahead.destroy())
  await until(() => ahead.resumed)
  await publish(ada, '7')
  await until(() => record.readers[3]?.seen.length === 1)
  expect(record.readers[3]?.seen).toEqual([{ seq: 7, id: '7' }])
  await publish(eve, '8')
  for (const client of [ada, eve]) client.cut()
  await until(() => ada.resumed && eve.resumed)
  late.cut()
  ahead.cut()
  await until(() => late.resumed && ahead.resumed)
  expect(record.check(await readAll({ url: () => here.url, token }, room))).toEqual([])
}, 60_000)
