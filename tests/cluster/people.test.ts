import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'
import { type Client, connect, type PersonStatus, type Room, type Signal } from '../../client/sdk/index.ts'
import type { RedisProcess } from '../../tools/redis/process.ts'
import { Somebody } from '../chat/people.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { describeWithOwnRedis, startOwnRedis } from '../support/redis.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

const soon = { timeout: 20_000, interval: 40 }
const grants = { 'doc:*': 'write', 'chat:*': 'admin' } as const

describeWithOwnRedis('people over nodes', () => {
  let redis: RedisProcess
  let here: TestServer
  let there: TestServer
  /** On the same database, and without Redis. */
  let apart: TestServer

  beforeAll(async () => {
    redis = await startOwnRedis()
    const env = { JWT_SECRET: SECRET, MAX_SOCKETS_PER_USER: '3', MAX_REQUESTS_PER_ADDRESS: '600' }
    here = await startServer({ env: { ...env, REDIS_URL: redis.url } })
    const shared = { ...env, DATABASE_URL: here.databaseUrl }
    ;[there, apart] = await Promise.all([
      startServer({ env: { ...shared, REDIS_URL: redis.url } }),
      startServer({ env: shared }),
    ])
    await vi.waitUntil(
      () => [here, there].every((node) => node.output().includes('connected to other')),
      soon,
    )
  }, 60_000)
  afterAll(async () => {
    for (const part of [apart, there, here, redis]) await part?.dispose()
  })

  const tokenFor = (id: string) => tokenOf(id, { grants })

  async function join(
    { wsUrl }: TestServer,
    room: string,
    id: string,
    document = new Y.Doc(),
  ): Promise<Replica> {
    const replica = connectProvider({ wsUrl, room, token: tokenFor(id), document })
    onTestFinished(() => replica.destroy())
    replica.provider.setAwarenessField('at', 'first')
    await replica.synced()
    return replica
  }

  const client = ({ url }: TestServer, id: string): Client => {
    const made = connect({ url, token: async () => tokenFor(id), user: { id, name: id } })
    onTestFinished(() => made.destroy())
    return made
  }

  async function heard(room: Room, type: string): Promise<readonly Signal[]> {
    const signals: Signal[] = []
    onTestFinished(room.onSignal(type, (signal) => signals.push(signal)))
    const caughtUp = Promise.withResolvers<void>()
    onTestFinished(room.listen({ events: () => undefined, caughtUp: caughtUp.resolve }, 'start'))
    await caughtUp.promise
    return signals
  }

  async function people({ url }: TestServer, query: string): Promise<readonly PersonStatus[]> {
    const token = tokenOf('root', { grants: { '*:*': 'admin' } })
    const answer = await fetch(`${url}/api/v1/presence?${query}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(answer.status).toBe(200)
    return ((await answer.json()) as { people: readonly PersonStatus[] }).people
  }

  const statusOn = async (node: TestServer, user: string) =>
    (await people(node, `users=${user}`))[0]?.status ?? 'unknown'
  const hasStatus = (node: TestServer, user: string, status: string) =>
    vi.waitUntil(async () => (await statusOn(node, user)) === status, soon)
  const sees = (watcher: Replica, { document }: Replica) =>
    vi.waitUntil(() => watcher.provider.awareness?.getStates().has(document.clientID), soon)
  const misses = (watcher: Replica, { document }: Replica) =>
    vi.waitUntil(() => !watcher.provider.awareness?.getStates().has(document.clientID), soon)

  it('[CLU10] [CLU15] people see each other, their carets and their status; one who is on two nodes is one', async () => {
    const room = 'doc:people'
    const [ada, bob, eve] = await Promise.all([
      join(here, room, 'ada'),
      join(there, room, 'bob'),
      join(apart, room, 'eve'),
    ])
    await Promise.all([sees(ada, bob), sees(bob, ada)])
    expect(bob.provider.awareness?.getStates().get(ada.document.clientID)).toEqual({
      at: 'first',
      user: { id: 'ada', name: 'ada' },
    })
    const late = await join(there, room, 'ada')
    await sees(late, ada)
    await hasStatus(here, 'bob', 'online')
    const inRoom = async (node: TestServer) =>
      (await people(node, `room=${room}`))
        .filter(({ status }) => status === 'online')
        .map(({ user }) => user)
        .sort()
    await vi.waitUntil(
      async () => (await inRoom(here)).length === 2 && (await inRoom(there)).length === 2,
      soon,
    )
    expect(await inRoom(here)).toEqual(['ada', 'bob'])

    // Away is who looks at none of their tabs, wherever these are connected.
    late.provider.setAwarenessField('away', true)
    bob.provider.setAwarenessField('away', true)
    await hasStatus(here, 'bob', 'away')
    expect(await statusOn(here, 'ada')).toBe('online')
    ada.destroy()
    await Promise.all([hasStatus(here, 'ada', 'away'), hasStatus(there, 'ada', 'away')])
    late.destroy()
    await Promise.all([hasStatus(here, 'ada', 'offline'), hasStatus(there, 'ada', 'offline')])
    await misses(bob, late)

    // Control: a node without Redis neither sees them nor is seen.
    expect(eve.provider.awareness?.getStates().size).toBe(1)
    expect(await statusOn(apart, 'bob')).toBe('offline')
    expect(await statusOn(here, 'eve')).toBe('offline')
  })

  it('[CLU14] signals reach those on other nodes: what people say to each other, and that there is something new', async () => {
    const [adas, bobs, eves] = [client(here, 'ada'), client(there, 'bob'), client(apart, 'eve')]
    const rooms = [adas, bobs, eves].map((each) => each.room('doc:signals')) as [Room, Room, Room]
    await Promise.all(rooms.map((room) => room.whenSynced()))
    const [atAda, atBob, atEve] = (await Promise.all(rooms.map((room) => heard(room, 'note')))) as [
      readonly Signal[],
      readonly Signal[],
      readonly Signal[],
    ]
    rooms[0].signal('note', { text: 'שלום 👋' })
    await vi.waitUntil(() => atBob.length === 1, soon)
    expect(atBob).toEqual([{ type: 'note', actor: 'ada', payload: { text: 'שלום 👋' } }])
    rooms[1].signal('note', 'back')
    await vi.waitUntil(() => atAda.length === 1, soon)
    expect([atBob.length, atEve.length]).toEqual([1, 0])

    // A chat tells its members alone, though an administrator listens to bob’s inbox as well.
    const inboxes = [bobs.room('user:bob'), client(there, 'ada').room('user:ada')] as const
    const [bobsNews, adasNews] = await Promise.all(inboxes.map((inbox) => heard(inbox, 'syncline.chat')))
    const [ada, bob] = ['ada', 'bob'].map((id) => Somebody.with(here, id, tokenFor(id))) as [
      Somebody,
      Somebody,
    ]
    const chat = await ada.group('over nodes', bob)
    await ada.say(chat, 'hello', 'hello-id')
    await vi.waitUntil(() => bobsNews?.length && adasNews?.length, soon)
    expect(bobsNews?.[0]).toMatchObject({ payload: { room: chat } })
    // Who reads here has it read there.
    const before = bobsNews?.length ?? 0
    await bob.read(chat, 2)
    await vi.waitUntil(() => (bobsNews?.length ?? 0) > before, soon)
  })

  it('[CLU17] a person’s WebSockets on both nodes are counted together', async () => {
    const room = 'doc:caps'
    await Promise.all([join(here, room, 'sam'), join(here, room, 'sam'), join(there, room, 'sam')])
    const isRefused = async (node: TestServer) => {
      const more = connectProvider({ wsUrl: node.wsUrl, room, token: tokenFor('sam') })
      await vi.waitUntil(() => more.denials.length + more.closes.length > 0 || more.provider.isSynced, soon)
      more.destroy()
      return more.denials.includes('too-many-connections')
    }
    await vi.waitUntil(() => isRefused(here), soon)
    await vi.waitUntil(() => isRefused(there), soon)
    expect(await isRefused(apart)).toBe(false)
  })

  it('[CLU12] [CLU15] Redis dies and comes back: each node has its own people, then all see all again', async () => {
    const room = 'doc:outage'
    const [ada, bob, eve] = await Promise.all([
      join(here, room, 'ada'),
      join(there, room, 'bob'),
      join(there, room, 'eve'),
    ])
    await Promise.all([sees(ada, bob), sees(bob, ada), sees(ada, eve)])
    await redis.kill9()
    await Promise.all([misses(ada, bob), misses(bob, ada), hasStatus(here, 'bob', 'offline')])
    await sees(bob, eve)
    eve.destroy()
    await misses(bob, eve)
    await redis.restart()
    await Promise.all([sees(ada, bob), sees(bob, ada), hasStatus(here, 'bob', 'online')])
    ada.provider.setAwarenessField('at', 'again')
    await vi.waitUntil(
      () => bob.provider.awareness?.getStates().get(ada.document.clientID)?.at === 'again',
      soon,
    )
    expect(ada.provider.awareness?.getStates().size).toBe(2)
  })

  it('[CLU11] [CLU12] [CLU15] a node is killed: its people have left within 10 s, but who has come to another', async () => {
    const room = 'doc:killed'
    const [ada, bob, cleo] = await Promise.all([
      join(here, room, 'ada'),
      join(there, room, 'bob'),
      join(there, room, 'cleo'),
    ])
    await Promise.all([sees(ada, bob), sees(ada, cleo), hasStatus(here, 'cleo', 'online')])
    // A node that is asked has written down who came; killed in the quarter of a second before, it never does.
    await hasStatus(there, 'cleo', 'online')
    const gone: number[] = []
    ada.provider.awareness?.on('change', ({ removed }: { readonly removed: readonly number[] }) =>
      gone.push(...removed),
    )
    await there.kill9()
    const killed = performance.now()
    // His page goes on with what it has, under the same client id.
    await join(here, room, 'bob', bob.document)
    await Promise.all([misses(ada, cleo), hasStatus(here, 'cleo', 'offline')])
    expect(performance.now() - killed).toBeLessThan(10_000)
    expect(gone).toEqual([cleo.document.clientID])
    expect(await statusOn(here, 'bob')).toBe('online')
  })
})
