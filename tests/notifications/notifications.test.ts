import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Grants } from '../../server/protocol.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer

beforeAll(async () => {
  server = await startServer({ env: { MAX_REQUESTS_PER_ADDRESS: '1000000' } })
})
afterAll(() => server?.dispose())

const tokens = new Map<string, Promise<string>>()
const tokenOf = (user: string, grants: Grants): Promise<string> => {
  const key = JSON.stringify([user, grants])
  const known = tokens.get(key) ?? server.token(user, grants)
  tokens.set(key, known)
  return known
}

async function ask(method: string, path: string, user: string, grants: Grants, body?: unknown, key?: string) {
  const answer = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${await tokenOf(user, grants)}`,
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (answer.status >= 500) throw new Error(`${await answer.text()}\n${server.output()}`)
  return { status: answer.status, body: await answer.json() }
}

const BACKEND = { 'user:*': 'write' } as const
const send = (to: string, body: unknown, key?: string) =>
  ask('POST', `/users/${to}/notifications`, 'backend', BACKEND, body, key)
const inboxOf = async (user: string, query = '') =>
  (await ask('GET', `/users/${user}/notifications${query}`, user, {})).body
/** As the person themselves. */
const say = (user: string, type: string, payload: unknown) =>
  ask('POST', `/rooms/user:${user}/events`, user, {}, { type: `user.${type}`, payload })
const publish = (
  room: string,
  user: string,
  type: string,
  payload: unknown,
  grants: Grants = { '*:*': 'admin' },
) => ask('POST', `/rooms/${room}/events`, user, grants, { type, payload })
const titles = async (user: string, query = ''): Promise<readonly string[]> =>
  (await inboxOf(user, query)).notifications.map(
    ({ payload }: { readonly payload: { readonly title: string } }) => payload.title,
  )
const someone = (): string => `p-${randomUUID().slice(0, 8)}`

describe('an inbox', () => {
  it('[NOTE1] has what a backend sends, newest first, in pages, each once however often it is sent', async () => {
    const ada = someone()
    for (const n of [1, 2, 3, 2, 3])
      expect((await send(ada, { category: 'build', title: `number ${n}` }, `key-${n}`)).body.told).toBe('now')
    await until(async () => (await inboxOf(ada)).notifications.length === 3)
    expect(await titles(ada)).toEqual(['number 3', 'number 2', 'number 1'])
    const first = await inboxOf(ada, '?limit=2')
    expect(first).toMatchObject({ unread: 3, unseen: 3, seenUntil: 0, seq: 3, next: 2 })
    expect(await titles(ada, `?limit=2&before=${first.next}`)).toEqual(['number 1'])
    expect((await send(ada, { category: 'build', title: 'another' }, 'key-3')).status).toBe(409)
  })

  it('[NOTE2] counts what is unread and unseen, by what is said in its room', async () => {
    const ada = someone()
    for (const n of [1, 2, 3, 4]) await send(ada, { category: 'build', title: `number ${n}` })
    await until(async () => (await inboxOf(ada)).unread === 4)
    const [newest] = (await inboxOf(ada)).notifications
    await say(ada, 'seen', { until: 2 })
    await until(async () => (await inboxOf(ada)).unseen === 2)
    // Back again is not said by an older device that comes late.
    await say(ada, 'seen', { until: 1 })
    await say(ada, 'read', { ids: [newest.id, 'no such one'] })
    await until(async () => (await inboxOf(ada)).unread === 3)
    expect(await inboxOf(ada)).toMatchObject({ unseen: 1, seenUntil: 2 })
    await say(ada, 'archived', { ids: [newest.id] })
    await until(async () => (await inboxOf(ada, '?filter=archived')).notifications.length === 1)
    await say(ada, 'all_read', { until: 2 })
    await until(async () => (await inboxOf(ada)).unread === 1)
    expect(await titles(ada, '?filter=unread')).toEqual(['number 3'])
    await say(ada, 'unread', { ids: [(await inboxOf(ada)).notifications[2].id] })
    await until(async () => (await inboxOf(ada)).unread === 2)
    // What is to come was not seen, whatever is said.
    await say(ada, 'seen', { until: 1_000_000 })
    await send(ada, { category: 'build', title: 'later' })
    await until(async () => (await inboxOf(ada)).unseen === 1)
  })

  it('[NOTE3] is read by its owner and by grants that name it, and nobody writes into their own', async () => {
    const ada = someone()
    const read = (user: string, grants: Grants) => ask('GET', `/users/${ada}/notifications`, user, grants)
    expect((await read(ada, {})).status).toBe(200)
    expect((await read('eve', {})).status).toBe(403)
    expect((await read('eve', { '*:*': 'write' })).status).toBe(403)
    expect((await read('eve', { [`user:${ada}`]: 'read' })).status).toBe(200)
    expect((await read('root', { '*:*': 'admin' })).status).toBe(200)
    const forged = { category: 'system', title: 'Ada was promoted' }
    const post = (user: string, grants: Grants) =>
      ask('POST', `/users/${ada}/notifications`, user, grants, forged)
    expect((await post(ada, {})).status).toBe(403)
    expect((await post(ada, { [`user:${ada}`]: 'write' })).status).toBe(403)
    expect((await post('eve', { '*:*': 'write' })).status).toBe(403)
    expect((await post('eve', { [`user:${ada}`]: 'read' })).status).toBe(403)
    expect((await say(ada, 'notified', forged)).status).toBe(403)
    expect((await inboxOf(ada)).notifications).toEqual([])
    expect((await post('root', { '*:*': 'admin' })).status).toBe(200)
  })
})

describe('what happens elsewhere', () => {
  it('[NOTE10] a failed build is told to who began it and to the members of its project, and not to who says it', async () => {
    const [ada, bob, eve] = [someone(), someone(), someone()]
    const project = someone()
    for (const user of [ada, bob])
      await publish(`project:${project}`, 'lead', 'project.member.joined', { user })
    await publish(`project:${project}`, 'lead', 'project.member.joined', { user: eve })
    await publish(`project:${project}`, 'lead', 'project.member.left', { user: eve })
    await until(async () => (await titles(eve)).length === 1)
    const room = `build:${someone()}`
    await publish(room, bob, 'build.created', { title: 'main', project })
    // A text that ends within a character would be no text.
    await publish(room, 'ci', 'build.failed', { message: `${'x'.repeat(1_998)}😀😀` })
    await until(async () => (await titles(bob)).length === 2)
    await until(async () => (await titles(ada)).length === 2)
    expect(await titles(ada)).toEqual(['Build failed: main', 'You were added to a project'])
    expect((await inboxOf(bob)).notifications[0].payload).toMatchObject({
      category: 'build',
      from: 'ci',
      group: `project:${project}`,
      source: { room, seq: 2 },
    })
    expect(await titles(eve)).toEqual(['You were added to a project'])
    await publish(room, ada, 'build.failed', { message: 'again' })
    await until(async () => (await titles(bob)).length === 3)
    expect(await titles(ada)).toHaveLength(2)
  })
})
