import pg from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { Somebody } from './people.ts'

/** More than a node has connections to the database. */
const MANY = 30

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.dispose())

const joined = async (room: string, { token }: Somebody) => {
  const client = await RawClient.connect({ wsUrl: server.wsUrl, room, token })
  onTestFinished(() => client.close())
  expect(client.refusal).toBeUndefined()
  return client
}

it('[CHAT9] others join and say how far they have read while one says it over and over, also in many rooms', async () => {
  const [ada, bob] = await Promise.all([Somebody.enter(server, 'ada'), Somebody.enter(server, 'bob')])
  const rooms = await Promise.all(Array.from({ length: 20 }, (_, at) => ada.group(`Group ${at}`, bob)))
  for (const room of rooms) await ada.say(room, 'one')
  for (const room of rooms) await bob.read(room, 1)
  const clients = await Promise.all(rooms.map((room) => joined(room, bob)))
  const blocking = new pg.Client({ connectionString: server.databaseUrl })
  await blocking.connect()
  onTestFinished(() => blocking.end())
  await blocking.query('begin')
  await blocking.query(`select from read_positions where user_id = 'bob' for update`)
  for (const client of clients) for (let seq = 0; seq < MANY; seq += 1) client.say({ type: 'read', seq: 2 })
  await Promise.all(clients.map((client) => client.handled()))

  await joined(rooms[0] ?? '', ada)
  expect(await ada.read(rooms[0] ?? '', 2)).toEqual({ seq: 2 })
  await blocking.query('rollback')
  await until(async () => (await bob.read(rooms[19] ?? '', 0)).seq === 2)
  expect(clients.flatMap(({ stateless }) => stateless).filter((said) => said.includes('reject'))).toEqual([])
})

it('[CHAT9] says it of three hundred at once, and is read from more slowly after that', async () => {
  const cy = await Somebody.enter(server, 'cy')
  const client = await joined(await cy.group('Alone'), cy)
  const slowed = () => server.output().includes('"limit":"messages","address":"127.0.0.1","user":"cy"')
  for (let said = 0; said < 300; said += 1) client.say({ type: 'read', seq: 1 })
  await client.handled()
  expect(slowed()).toBe(false)
  for (let said = 0; said < 300; said += 1) client.say({ type: 'read', seq: 1 })
  await until(slowed)
})
