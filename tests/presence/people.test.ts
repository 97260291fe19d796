import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { type Client, connect, type PersonStatus, type Room } from '../../client/sdk/index.ts'
import type { Grants } from '../../server/protocol.ts'
import { connectProvider } from '../support/provider.ts'
import { startServer, type TestServer } from '../support/server.ts'

let server: TestServer
let numbers = 0

beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.dispose())

const soon = { timeout: 20_000, interval: 20 }
const newName = (prefix: string): string => `${prefix}-${++numbers}`
const newRoom = (): string => newName('doc:people')

const client = (id: string, grants?: Grants): Client => {
  const made = connect({ url: server.url, token: () => server.token(id, grants), user: { id, name: id } })
  onTestFinished(() => made.destroy())
  return made
}

const joined = async (id: string, name: string, grants?: Grants): Promise<Room> => {
  const room = client(id, grants).room(name)
  await room.whenSynced()
  return room
}

/** Somebody who comes, and closes their tab. */
async function visit(id: string, room: string): Promise<void> {
  const made = connect({ url: server.url, token: () => server.token(id), user: { id, name: id } })
  await made.room(room).whenSynced()
  await made.destroy()
}

async function ask(token: string, query: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(`${server.url}/api/v1/presence?${new URLSearchParams(query)}`, {
    headers: { authorization: `Bearer ${token}` },
  })
}

async function people(
  token: string,
  query: Readonly<Record<string, string>>,
): Promise<readonly PersonStatus[]> {
  const answer = await ask(token, query)
  expect(answer.status).toBe(200)
  const body = (await answer.json()) as { people: readonly PersonStatus[] }
  return body.people
}

const isOffline = (token: string, user: string): Promise<unknown> =>
  vi.waitUntil(async () => (await people(token, { users: user }))[0]?.status === 'offline', soon)

it('[PRE20] somebody is online, away while none of their tabs is looked at, and offline once the last is closed', async () => {
  const [ada, bob, room] = [newName('ada'), newName('bob'), newRoom()]
  await joined(ada, room)
  const one = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token(bob) })
  const other = connectProvider({ wsUrl: server.wsUrl, room: newRoom(), token: await server.token(bob) })
  onTestFinished(() => {
    one.destroy()
    other.destroy()
  })
  await Promise.all([one.synced(), other.synced()])
  const token = await server.token(ada)
  const told = async () => (await people(token, { users: bob }))[0]
  expect(await told()).toEqual({ user: bob, name: bob, status: 'online', device: null, lastSeen: null })
  for (const { provider } of [one, other]) {
    provider.setAwarenessField('device', 'phone')
    provider.setAwarenessField('away', true)
  }
  await vi.waitUntil(async () => (await told())?.status === 'away', soon)
  expect(await told()).toMatchObject({ device: 'phone', lastSeen: null })
  other.provider.setAwarenessField('away', false)
  await vi.waitUntil(async () => (await told())?.status === 'online', soon)
  const before = Date.now()
  one.destroy()
  other.destroy()
  await isOffline(token, bob)
  const { lastSeen, ...rest } = (await told()) ?? {}
  expect(rest).toEqual({ user: bob, name: bob, status: 'offline', device: 'phone' })
  expect(Math.abs(Date.parse(lastSeen ?? '') - before)).toBeLessThan(5_000)
})

it('[PRE21] nothing is told of people with whom one shares no room, nor whether there are such', async () => {
  const [ada, bob, eve] = [newName('ada'), newName('bob'), newName('eve')]
  const [room, elsewhere] = [newRoom(), newRoom()]
  await Promise.all([joined(ada, room), joined(bob, room), joined(eve, elsewhere)])
  const eves = await server.token(eve)
  expect(await people(eves, { users: [ada, bob, 'nobody', eve].join() })).toMatchObject([{ user: eve }])
  const may = await server.token(eve, { [elsewhere]: 'write' })
  expect((await ask(may, { room })).status).toBe(403)
  // Whoever has a role in a room sees who is there, having been there or not.
  expect((await people(eves, { room })).map(({ user }) => user).sort()).toEqual([ada, bob].sort())
  const root = await server.token('root', { '*:*': 'admin' })
  expect(await people(root, { users: `${ada},${bob}` })).toHaveLength(2)
  // Having shared a room is not enough: it must be one that they may still read.
  await joined(eve, room)
  expect(await people(eves, { users: ada })).toHaveLength(1)
  expect(await people(may, { users: ada })).toEqual([])
  expect(await people(await server.token(eve, {}), { users: ada })).toEqual([])
})

it('[PRE21] a room of the kind presence is shared by all who are in it', async () => {
  const [ada, bob, team] = [newName('ada'), newName('bob'), newName('presence:team')]
  const everything: Grants = { '*:*': 'write' }
  await Promise.all([joined(ada, team, everything), joined(bob, team, everything)])
  await joined(bob, newRoom())
  expect(await people(await server.token(ada, everything), { users: bob })).toMatchObject([
    { user: bob, status: 'online' },
  ])
})

it('[PRE21] who was taken out of a room is not of it any more, nor sees those who are', async () => {
  const [ada, bob, room] = [newName('ada'), newName('bob'), newRoom()]
  await joined(ada, room)
  await visit(bob, room)
  const [adas, bobs] = [await server.token(ada), await server.token(bob)]
  expect(await people(adas, { users: bob })).toMatchObject([{ user: bob, status: 'offline' }])
  expect(await people(bobs, { users: ada })).toHaveLength(1)
  const answer = await fetch(`${server.url}/api/v1/access/revoke`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await server.token('root', { '*:*': 'admin' })}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ user: bob, room }),
  })
  expect(answer.status).toBe(200)
  expect(await people(adas, { users: bob })).toEqual([])
  expect((await people(adas, { room })).map(({ user }) => user)).toEqual([ada])
  expect(await people(bobs, { users: ada })).toEqual([])
})

it('[PRE22] of a room it is told who is there, then who was, those first who were seen last', async () => {
  const [ada, bob, cy, dan, room] = [newName('ada'), newName('bob'), newName('cy'), newName('dan'), newRoom()]
  await visit(cy, room)
  const token = await server.token(ada)
  await isOffline(await server.token(cy), cy)
  await visit(bob, room)
  await isOffline(await server.token(bob), bob)
  await visit(dan, room)
  await Promise.all([joined(ada, room), joined(dan, newRoom())])
  expect(await people(token, { room })).toMatchObject([
    { user: ada, status: 'online', lastSeen: null },
    { user: dan, status: 'online', lastSeen: null },
    { user: bob, status: 'offline', lastSeen: expect.any(String) },
    { user: cy, status: 'offline', lastSeen: expect.any(String) },
  ])
})

it('[PRE23] when somebody was last seen outlives a kill of the server', async () => {
  const [ada, bob, room] = [newName('ada'), newName('bob'), newRoom()]
  const bobs = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token(bob) })
  await Promise.all([bobs.synced(), joined(ada, room)])
  // Whoever is asked about is written down first.
  expect(await people(await server.token(ada), { users: bob })).toMatchObject([{ status: 'online' }])
  const before = Date.now()
  await server.kill9()
  bobs.destroy()
  await server.restart()
  const [told] = await people(await server.token(ada), { users: bob })
  expect(told).toMatchObject({ user: bob, status: 'offline' })
  expect(before - Date.parse(told?.lastSeen ?? '')).toBeLessThan(35_000)
})

it('[PRE24] a question that is malformed is refused', async () => {
  const token = await server.token('ada')
  const many = Array.from({ length: 101 }, (_, i) => `user${i}`).join()
  for (const query of [{}, { users: '' }, { users: 'a', room: 'doc:a' }, { users: many }, { users: '%' }]) {
    const answer = await ask(token, query as Record<string, string>)
    expect(answer.status).toBe(400)
  }
  expect((await ask('none', { users: 'ada' })).status).toBe(401)
  const odd = 'ada, 100%'
  expect(await people(await server.token(odd), { users: encodeURIComponent(odd) })).toEqual([])
})

it('[PRE25] a client keeps asking for whoever is watched, and tells what changed', async () => {
  const [ada, bob, room] = [newName('ada'), newName('bob'), newRoom()]
  await joined(bob, room)
  const mine = client(ada)
  await mine.room(room).whenSynced()
  let changes = 0
  const stop = mine.statuses.watch([bob, 'nobody'], () => {
    changes += 1
  })
  await vi.waitUntil(() => mine.statuses.get(bob) !== undefined, soon)
  expect(mine.statuses.get(bob)).toMatchObject({ status: 'online' })
  expect(mine.statuses.get('nobody')).toBeUndefined()
  expect(changes).toBe(1)
  expect((await mine.peopleOf(room)).map(({ user }) => user).sort()).toEqual([ada, bob].sort())
  stop()
  await vi.waitUntil(() => mine.statuses.get(bob) === undefined, soon)
})

it('[OPV2] an administrator is told of everybody who is connected, since when and where, page by page', async () => {
  const [first, second, room, other] = [newName('all-a'), newName('all-b'), newRoom(), newRoom()]
  const before = Date.now()
  await Promise.all([joined(first, room), joined(second, room)])
  await joined(second, other)
  const everybody = async (query: Readonly<Record<string, string>>, grants: Grants = { '*:*': 'admin' }) => {
    const headers = { authorization: `Bearer ${await server.token('root', grants)}` }
    const answer = await fetch(`${server.url}/api/v1/admin/people?${new URLSearchParams(query)}`, { headers })
    // biome-ignore lint/suspicious/noExplicitAny: whatever the route answers
    return { status: answer.status, body: (await answer.json()) as any }
  }
  const page = (await everybody({ search: 'ALL-', limit: '1' })).body
  expect(page).toMatchObject({
    people: [{ user: first, status: 'online', rooms: [room] }],
    total: 2,
    next: first,
  })
  expect(Math.abs(Date.parse(page.people[0].since) - before)).toBeLessThan(10_000)
  const rest = (await everybody({ search: 'all-', limit: '1', after: page.next })).body
  expect(rest).toMatchObject({ people: [{ user: second, roomCount: 2 }], total: 2, next: null })
  expect((await everybody({}, { 'doc:*': 'admin' })).status).toBe(403)
})
