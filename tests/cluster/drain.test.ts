import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { type Client, connect, type Room } from '../../client/sdk/index.ts'
import { ASK_SEQ } from '../../server/protocol.ts'
import { startProxy as startPostgresProxy } from '../log/postgres-proxy.ts'
import { blockWrites } from '../support/blocked-database.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { curl } from '../support/event-reader.ts'
import { type NetworkProxy, startProxy } from '../support/network-proxy.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

const ROOM = 'doc:rolling'
/** By WebSocket; one more has to do without. */
const PEOPLE = 12

const envOfA = { JWT_SECRET: SECRET, DRAIN_SECONDS: '2', DATABASE_URL: '' }
const envOfB = { ...envOfA }

let database: FreshDatabase
let a: TestServer
let b: TestServer
/** The load balancer, and the same for those whose network lets no WebSocket through. */
let proxies: readonly [NetworkProxy, NetworkProxy]

beforeAll(async () => {
  database = await freshDatabase()
  for (const env of [envOfA, envOfB]) env.DATABASE_URL = database.storage.url
  ;[a, b] = await Promise.all([startServer({ env: envOfA }), startServer({ env: envOfB })])
  proxies = [await startProxy(a.url), await startProxy(a.url, { upgrades: false })]
})
afterAll(async () => {
  for (const proxy of proxies) await proxy.close()
  await Promise.all([a.dispose(), b.dispose()])
  await database.drop()
})

/** Somebody who types all the time, and what they are shown meanwhile. */
interface Person {
  readonly client: Client
  readonly room: Room
  readonly typed: readonly string[]
  readonly shown: ReadonlySet<string>
  stop(): void
}

/** When each was told to move, by performance.now(). */
let toldAt: number[] = []

class Watched extends WebSocket {
  constructor(address: string, protocols?: string | string[]) {
    super(address, protocols)
    this.addEventListener('close', ({ reason }) => {
      if (reason === 'shutting-down') toldAt.push(performance.now())
    })
  }
}

async function startPerson(user: string, { url }: NetworkProxy, room = ROOM): Promise<Person> {
  const client: Client = connect({ url, token: () => tokenOf(user), WebSocket: Watched, offline: false })
  onTestFinished(() => client.destroy())
  const entered = client.room(room)
  await entered.whenSaved()
  const shown = new Set<string>()
  const look = () => {
    const { status, saved, refusal } = entered.getState()
    shown.add(
      `${client.status} ${status} ${saved === 'offline' ? saved : 'kept'} ${refusal?.code ?? 'taken'}`,
    )
  }
  entered.subscribe(look)
  client.subscribe(look)
  const typed: string[] = []
  const edits = entered.doc.getArray<string>('edits')
  const timer = setInterval(() => {
    typed.push(`${user}:${typed.length}`)
    edits.push(typed.slice(-1))
  }, 40)
  onTestFinished(() => clearInterval(timer))
  return { client, room: entered, typed, shown, stop: () => clearInterval(timer) }
}

const startPeople = (round: string): Promise<readonly Person[]> =>
  Promise.all(Array.from({ length: PEOPLE }, (_, index) => startPerson(`${round}-${index}`, proxies[0])))

/** SIGTERM; who comes from the moment on at which it is not ready any more is sent to the other one. */
async function deploy(
  from: TestServer,
  to: TestServer,
  meanwhile?: () => Promise<void>,
): Promise<number | null> {
  toldAt = []
  const stopped = from.stop()
  await until(async () => (await readiness(from)) !== 'ready')
  for (const proxy of proxies) proxy.direct(to.url)
  await meanwhile?.()
  return stopped
}

/** As a load balancer asks for it. */
const readiness = (server: TestServer): Promise<string> =>
  fetch(`${server.url}/health/ready`).then(
    async (answer) => {
      const { problems } = (await answer.json()) as { problems: readonly { code: string }[] }
      return answer.ok ? 'ready' : problems.map(({ code }) => code).join()
    },
    () => 'away',
  )

/**
 * Over how long they were told, in ms: about DRAIN_SECONDS where there is time, which is 2, and at once where there is none. In
 * between is room for a busy machine.
 */
function toldOver(): number {
  expect(toldAt).toHaveLength(PEOPLE)
  return Math.max(...toldAt) - Math.min(...toldAt)
}
const SPREAD = 700

/** All that anybody typed, as the database has it, for nobody else is there to bring it. */
async function read({ wsUrl }: TestServer, room = ROOM): Promise<readonly string[]> {
  const reader = connectProvider({ wsUrl, room, token: tokenOf('reader') })
  await reader.synced()
  const edits = reader.edits.toArray()
  reader.destroy()
  return edits
}

const UNDISTURBED = 'online online kept taken'

it('[CLU20] [CLU21] moves people who type to the other node, one after another, and back: unnoticed, nothing lost or doubled', async () => {
  const blocked = startPerson('blocked', proxies[1])
  const people = [...(await startPeople('moved')), await blocked]
  const wsUrl = `${proxies[0].url.replace('http', 'ws')}/sync`
  const stock = connectProvider({ wsUrl, room: ROOM, token: tokenOf('stock') })
  onTestFinished(() => stock.destroy())
  await stock.saved()
  const events = { url: `${a.url}/api/v1/rooms/${ROOM}/events`, Authorization: `Bearer ${tokenOf('eve')}` }
  const stream = curl(events.url, events)
  onTestFinished(() => stream.stop())
  await until(() => stream.told.length > 0)
  const last = await RawClient.connect({ wsUrl: a.wsUrl, room: ROOM, token: tokenOf('last') })

  stock.edits.push(['stock: before'])
  const opened = new Set<string>()
  const code = await deploy(a, b, async () => {
    expect(await readiness(a)).toBe('shutting-down')
    const refused = await fetch(`${a.url}/sync/http`, { method: 'POST' })
    expect(refused.status).toBe(503)
    expect(await refused.json()).toMatchObject({ error: { code: 'shutting-down', retryable: true } })
    last.authenticate(tokenOf('last'), 'doc:other')
    const other = people.at(-2)?.client.room('doc:new')
    other?.subscribe(() => opened.add(`${other.status} ${other.refusal?.code ?? 'taken'}`))
    expect((await fetch(`${a.url}/api/v1/info`)).status).toBe(200)
  })
  expect(code).toBe(0)
  expect(last.denials).toEqual(['shutting-down'])
  expect(last.closed).toEqual({ code: 1012, reason: 'shutting-down' })
  await stream.ended
  expect(stream.told.at(-1)).toMatchObject({ event: 'end', data: { code: 'shutting-down', retryable: true } })
  expect(toldOver()).toBeGreaterThan(SPREAD)
  stock.edits.push(['stock: after'])
  await stock.saved()
  await Promise.all(people.map(({ room }) => room.whenSaved()))
  expect([...opened].sort()).toEqual(['connecting taken', 'online taken'])

  await a.restart()
  expect(await deploy(b, a)).toBe(0)
  expect(toldOver()).toBeGreaterThan(SPREAD)

  for (const person of people) person.stop()
  await Promise.all([stock.saved(), ...people.map(({ room }) => room.whenSaved())])
  for (const { shown } of people) expect([...shown]).toEqual([UNDISTURBED])
  const typed = [...people.flatMap((person) => person.typed), 'stock: before', 'stock: after']
  expect([...(await read(a))].sort()).toEqual(typed.sort())
})

it('[CLU21] (negative control) with no time to drain all are told at once; and a node that is killed is noticed', async () => {
  envOfB.DRAIN_SECONDS = '0'
  await b.stop()
  await b.restart()
  for (const proxy of proxies) proxy.direct(b.url)
  const people = await startPeople('control')
  expect(await deploy(b, a)).toBe(0)
  expect(toldOver()).toBeLessThan(SPREAD)
  await Promise.all(people.map(({ room }) => room.whenSaved()))
  await a.kill9()
  await until(() => people.every(({ shown }) => [...shown].some((state) => state !== UNDISTURBED)))
  // For what they have typed meanwhile: a client that is destroyed without a server says that it is lost.
  await a.restart()
  await Promise.all(people.map(({ room }) => room.whenSaved()))
})

async function startAlone(env: Readonly<Record<string, string>>): Promise<TestServer> {
  const server = await startServer({ env: { JWT_SECRET: SECRET, ...env } })
  onTestFinished(() => server.dispose())
  return server
}

async function join({ wsUrl }: TestServer, user: string, room: string): Promise<Replica> {
  const replica = connectProvider({ wsUrl, room, token: tokenOf(user) })
  onTestFinished(() => replica.destroy())
  await replica.saved()
  return replica
}

it('[CLU22] acknowledges what waits for the database before its writer is told to move', async () => {
  const server = await startAlone({})
  const reader = await join(server, 'bob', 'doc:late')
  const writer = await RawClient.connect({ wsUrl: server.wsUrl, room: 'doc:late', token: tokenOf('ada') })
  const document = new Y.Doc()
  document.getArray('edits').push(['late'])
  await writer.shake()
  await until(() => writer.acknowledgements === 1)
  const release = await blockWrites(server.databaseUrl)
  writer.update(Y.encodeStateAsUpdate(document))
  await reader.holds('late')
  const stopped = server.stop()
  await until(() => server.output().includes('shutting down'))
  expect([writer.acknowledgements, writer.closed]).toEqual([1, undefined])
  await release()
  expect(await stopped).toBe(0)
  expect(writer.closed).toEqual({ code: 1012, reason: 'shutting-down' })
  expect(writer.acknowledgements).toBe(2)
})

it('[CLU23] lists, room by room, what a database that stays away leaves undone, and does not exit with 0', async () => {
  const database = await freshDatabase()
  const proxy = await startPostgresProxy(database.storage.url)
  const server = await startAlone({ STOP_SECONDS: '1', DATABASE_URL: proxy.url })
  onTestFinished(() => database.drop())
  const one = await join(server, 'ada', 'doc:one')
  const two = await join(server, 'bob', 'doc:two')
  const saved = await join(server, 'eve', 'doc:saved')
  saved.edits.push(['private: saved'])
  await saved.saved()
  proxy.refuse()
  for (const edit of ['private 1', 'private 2', 'private 3']) one.edits.push([edit])
  two.edits.push(['private 4'])
  // What was sent is taken once the server answers something sent after it.
  for (const replica of [one, two]) await heard(replica)
  expect(await server.stop()).toBe(75)
  const lines = server.output().split('\n')
  const last = JSON.parse(lines.find((line) => line.includes('before everything was saved')) ?? '{}')
  expect(last.unsaved).toHaveLength(2)
  expect(last.unsaved).toEqual(
    expect.arrayContaining([
      { room: 'doc:one', entries: 3 },
      { room: 'doc:two', entries: 1 },
    ]),
  )
  expect(server.output()).not.toContain('private')
})

/** Waits until the server has handled what was sent before: it answers in order. */
async function heard({ provider, stateless }: Replica): Promise<void> {
  const before = stateless.length
  provider.sendStateless(ASK_SEQ)
  await until(() => stateless.length > before)
}
