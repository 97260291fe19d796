import { afterAll, beforeAll, expect, it } from 'vitest'
import type { EventDraft, RoomEvent } from '../../server/protocol.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { startServer, type TestServer, until } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.dispose())

const GRANTS = { 'build:*': 'write', 'project:*': 'comment' } as const
const progress = (id: string, share: number): EventDraft => ({
  type: 'build.progress',
  id,
  payload: { share },
})

async function join(room: string, user = 'ada', token?: string): Promise<Replica> {
  const replica = connectProvider({
    wsUrl: server.wsUrl,
    room,
    token: token ?? (await server.token(user, GRANTS)),
  })
  await replica.synced()
  return replica
}

const say = (replica: Replica, envelope: unknown): void =>
  replica.provider.sendStateless(JSON.stringify(envelope))

/** What a replica was told, by the kind of envelope. */
const told = (replica: Replica, type: string) =>
  replica.stateless.map((text) => JSON.parse(text)).filter((envelope) => envelope.type === type)
const eventsOf = (replica: Replica): RoomEvent[] => told(replica, 'event').flatMap(({ events }) => events)
const acksOf = (replica: Replica): { id: string; seq: number }[] =>
  told(replica, 'ack').flatMap(({ events }) => events)

async function post(room: string, body: unknown, headers: Record<string, string> = {}, user = 'ada') {
  const answer = await fetch(`${server.url}/api/v1/rooms/${room}/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await server.token(user, GRANTS)}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(body),
  })
  return { status: answer.status, body: await answer.json() }
}

async function list(room: string, query = '') {
  const answer = await fetch(`${server.url}/api/v1/rooms/${room}/events${query}`, {
    headers: { authorization: `Bearer ${await server.token('ada', GRANTS)}` },
  })
  return { status: answer.status, body: await answer.json() }
}

it('[EVT1] acknowledges what is published over a WebSocket with its seq, among the edits', async () => {
  const ada = await join('build:1')
  say(ada, { type: 'publish', events: [progress('a', 0.1), progress('b', 0.2)] })
  await until(() => acksOf(ada).length === 2)
  ada.edits.push(['an edit'])
  await ada.saved()
  say(ada, { type: 'publish', events: [progress('c', 0.3)] })
  await until(() => acksOf(ada).length === 3)
  expect(acksOf(ada)).toEqual([
    { id: 'a', seq: 1 },
    { id: 'b', seq: 2 },
    { id: 'c', seq: 4 },
  ])
  const { body } = await list('build:1')
  expect(body.head).toBe(4)
  expect(body.events).toMatchObject([
    { seq: 1, id: 'a', type: 'build.progress', actor: 'ada', payload: { share: 0.1 } },
    { seq: 2, id: 'b' },
    { seq: 4, id: 'c' },
  ])
  ada.destroy()
})

it('[EVT3] tells a subscriber of what it missed, then of what comes, once each and in order', async () => {
  const ada = await join('build:2')
  const many = Array.from({ length: 2_500 }, (_, i) => progress(`e${i}`, i / 2_500))
  for (let i = 0; i < many.length; i += 500) say(ada, { type: 'publish', events: many.slice(i, i + 500) })
  await until(() => acksOf(ada).length === 2_500)
  const eve = await join('build:2', 'eve')
  say(eve, { type: 'resume', after: 400 })
  for (let i = 0; i < 100; i += 1) say(ada, { type: 'publish', events: [progress(`live${i}`, 1)] })
  await until(() => acksOf(ada).length === 2_600)
  await until(() => eventsOf(eve).length >= 2_200)
  expect(eventsOf(eve).map(({ seq }) => seq)).toEqual(Array.from({ length: 2_200 }, (_, i) => 401 + i))
  await until(() => told(eve, 'resumed').length === 1)
  expect(told(ada, 'event')).toEqual([])
  ada.destroy()
  eve.destroy()
})

it('[EVT3] tells those who want only what is to come of nothing else', async () => {
  const ada = await join('build:3')
  say(ada, { type: 'publish', events: [progress('old', 0)] })
  await until(() => acksOf(ada).length === 1)
  say(ada, { type: 'resume', after: null })
  await until(() => told(ada, 'resumed').length === 1)
  say(ada, { type: 'publish', events: [progress('new', 1)] })
  await until(() => eventsOf(ada).length === 1)
  expect(eventsOf(ada).map(({ id }) => id)).toEqual(['new'])
  ada.destroy()
})

it('[EVT2] takes a repeated publish for the same event, over HTTP and over a WebSocket', async () => {
  const first = await post(
    'build:4',
    { type: 'build.queued', payload: { position: 3 } },
    { 'idempotency-key': 'k' },
  )
  expect(first).toEqual({ status: 200, body: { events: [{ id: 'k', seq: 1 }] } })
  expect(
    await post('build:4', { type: 'build.queued', payload: { position: 3 } }, { 'idempotency-key': 'k' }),
  ).toEqual(first)
  const other = await post(
    'build:4',
    { type: 'build.queued', payload: { position: 4 } },
    { 'idempotency-key': 'k' },
  )
  expect(other).toMatchObject({ status: 409, body: { error: { code: 'event-conflict' } } })
  const ada = await join('build:4')
  say(ada, { type: 'publish', events: [{ type: 'build.queued', id: 'k', payload: { position: 3 } }] })
  await until(() => acksOf(ada).length === 1)
  expect(acksOf(ada)).toEqual([{ id: 'k', seq: 1 }])
  const byEve = await post(
    'build:4',
    { type: 'build.queued', payload: { position: 3 } },
    { 'idempotency-key': 'k' },
    'eve',
  )
  expect(byEve.status).toBe(409)
  expect((await list('build:4')).body.head).toBe(1)
  ada.destroy()
})

it.each<[string, string, unknown, number, string]>([
  [
    'of a type that its kind does not have',
    'build:5',
    { type: 'build.exploded', payload: {} },
    400,
    'event-unknown',
  ],
  ['of another kind', 'build:5', { type: 'project.updated', payload: {} }, 400, 'event-unknown'],
  [
    'with a payload that is wrong',
    'build:5',
    { type: 'build.progress', payload: { share: 7 } },
    400,
    'event-invalid',
  ],
  [
    'with a key that nobody knows',
    'build:5',
    { type: 'build.queued', payload: { color: 1 } },
    400,
    'event-invalid',
  ],
  [
    'with a number that the database would write with 309 digits',
    'build:5',
    { type: 'build.created', payload: { title: 'a', labels: { 'e+9': 'e-99', big: 1e308 } } },
    400,
    'event-invalid',
  ],
  [
    'with a number that it would write with 300 decimals',
    'build:5',
    { type: 'build.created', payload: { title: 'a', labels: { small: -1e-300 } } },
    400,
    'event-invalid',
  ],
  ['with a NUL', 'build:5', { type: 'build.created', payload: { title: 'a\u0000' } }, 400, 'event-invalid'],
  [
    'with half a character',
    'build:5',
    { type: 'build.created', payload: { title: '\ud800' } },
    400,
    'event-invalid',
  ],
  [
    'that is too large',
    'build:5',
    { type: 'build.log', payload: { first: 1, lines: Array.from({ length: 10 }, () => 'x'.repeat(10_000)) } },
    413,
    'event-too-large',
  ],
  [
    'that its publisher may not publish',
    'project:5',
    { type: 'project.updated', payload: {} },
    403,
    'event-forbidden',
  ],
  [
    'in a batch with a good one',
    'build:5',
    [
      { type: 'build.queued', payload: {} },
      { type: 'build.progress', payload: {} },
    ],
    400,
    'event-invalid',
  ],
])('[EVT4] stores nothing of an event %s', async (_, room, body, status, code) => {
  const admin = await server.token('root', { '*:*': 'admin' })
  // The room is there, so that nothing else is refused.
  await fetch(`${server.url}/api/v1/rooms/${room}/events`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${admin}`,
      'content-type': 'application/json',
      'idempotency-key': 'first',
    },
    body: JSON.stringify({
      type: `${room.split(':')[0]}.${room.startsWith('build') ? 'queued' : 'updated'}`,
      payload: {},
    }),
  })
  const before = (await list(room)).body.head
  const answer = await post(room, body)
  expect(answer).toMatchObject({ status, body: { error: { code } } })
  expect((await list(room)).body.head).toBe(before)
})

it('[EVT4] takes numbers that are no longer in the database than they were sent', async () => {
  const labels = { true: true, false: false, none: null, 'e+999': 'e-999', large: 1e21, small: 1.5e-20 }
  const { status } = await post('build:10', { type: 'build.created', payload: { title: 'a', labels } })
  expect(status).toBe(200)
  expect((await list('build:10')).body.events[0].payload.labels).toEqual(labels)
})

it('[EVT4] creates no room for an event that is refused', async () => {
  const answer = await post('build:absent', { type: 'build.exploded', payload: {} })
  expect(answer).toMatchObject({ status: 400, body: { error: { code: 'event-unknown' } } })
  expect(await list('build:absent')).toMatchObject({
    status: 404,
    body: { error: { code: 'room-not-found' } },
  })
})

it('[EVT6] goes on telling who asks for a seq from the future, from where it was', async () => {
  const ada = await join('build:11')
  say(ada, { type: 'resume', after: 0 })
  await until(() => told(ada, 'resumed').length === 1)
  say(ada, { type: 'resume', after: 999 })
  await until(() => told(ada, 'reject').length === 1)
  await post('build:11', { type: 'build.queued', payload: {} })
  await until(() => eventsOf(ada).length === 1)
  ada.destroy()
})

it('[EVT3] tells from where was asked last, however long an earlier question is looked up', async () => {
  const ada = await join('build:12')
  await post('build:12', { type: 'build.queued', payload: {} })
  for (const after of [999, 998, 0]) say(ada, { type: 'resume', after })
  await until(() => told(ada, 'resumed').length === 1)
  // Answered after all of what was asked before it.
  say(ada, { type: 'publish', events: [progress('next', 0)] })
  await until(() => eventsOf(ada).length === 2)
  expect(told(ada, 'resuming').map(({ after }) => after)).toEqual([0])
  // Those before may have been looked up and refused by then, and may not.
  for (const refused of told(ada, 'reject'))
    expect(refused).toMatchObject({ id: 'resume', code: 'position-invalid' })
  ada.destroy()
})

it('[EVT4] says which part of a payload is wrong, to a WebSocket too, and takes the others', async () => {
  const ada = await join('build:6')
  say(ada, { type: 'publish', events: [progress('good', 0), progress('bad', 2)] })
  await until(() => acksOf(ada).length === 1 && told(ada, 'reject').length === 1)
  expect(told(ada, 'reject')[0]).toMatchObject({ id: 'bad', code: 'event-invalid' })
  expect(told(ada, 'reject')[0].message).toContain('payload share')
  ada.destroy()
})

it('[EVT6] refuses a seq from the future', async () => {
  const ada = await join('build:7')
  say(ada, { type: 'resume', after: 5 })
  await until(() => told(ada, 'reject').length === 1)
  expect(told(ada, 'reject')[0]).toMatchObject({ id: 'resume', code: 'position-invalid' })
  await post('build:7', { type: 'build.queued', payload: {} })
  expect(await list('build:7', '?after=2')).toMatchObject({
    status: 400,
    body: { error: { code: 'position-invalid' } },
  })
  ada.destroy()
})

it('[EVT5] opens a document that has more events than edits, with all of them between its edits', async () => {
  const ada = await join('build:8')
  for (let i = 0; i < 20; i += 1) {
    ada.edits.push([`edit ${i}`])
    say(ada, { type: 'publish', events: Array.from({ length: 100 }, (_, j) => progress(`${i}/${j}`, 0)) })
  }
  await until(() => acksOf(ada).length === 2_000)
  await ada.saved()
  ada.destroy()
  await server.kill9()
  await server.restart()
  const eve = await join('build:8', 'eve')
  await eve.holds(...Array.from({ length: 20 }, (_, i) => `edit ${i}`))
  expect((await list('build:8')).body.head).toBe(2_020)
  eve.destroy()
})

it('[EVT69] reads events of some types alone, in order, page by page, and a build of thousands of lines whole', async () => {
  const drafts: EventDraft[] = Array.from({ length: 3_000 }, (_, i) =>
    i % 500 === 250
      ? progress(`p${i}`, i / 3_000)
      : { type: 'build.log', id: `l${i}`, payload: { first: i + 1, lines: [`line ${i + 1}`] } },
  )
  drafts.push({ type: 'build.completed', id: 'done', payload: {} })
  for (let i = 0; i < drafts.length; i += 1_000)
    expect((await post('build:9', drafts.slice(i, i + 1_000))).status).toBe(200)
  const pages = async (types: string | undefined, limit: number) => {
    const seen: RoomEvent[] = []
    for (let after = 0; ; ) {
      const { body } = await list(
        'build:9',
        `?after=${after}&limit=${limit}${types ? `&types=${types}` : ''}`,
      )
      if (body.events.length === 0) return seen
      expect(body.events.length).toBeLessThanOrEqual(limit)
      seen.push(...body.events)
      after = seen.at(-1)?.seq ?? 0
    }
  }
  const idsOf = (events: readonly { id: string }[]) => events.map(({ id }) => id)
  const of = (...types: string[]) => drafts.filter(({ type }) => types.includes(type))
  expect(idsOf(await pages(undefined, 1_000))).toEqual(idsOf(drafts))
  expect(idsOf(await pages('build.log', 1_000))).toEqual(idsOf(of('build.log')))
  expect(idsOf(await pages('build.progress', 2))).toEqual(idsOf(of('build.progress')))
  const both = of('build.completed', 'build.progress')
  expect(idsOf(await pages('build.completed,build.progress,build.progress', 3))).toEqual(idsOf(both))
  expect(idsOf(await pages('build.cancelled', 10))).toEqual([])
  const numbers = (await pages('build.log', 700)).map(({ payload }) => (payload as { first: number }).first)
  expect(numbers).toEqual(of('build.log').map(({ payload }) => (payload as { first: number }).first))
})
