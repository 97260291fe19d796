import { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { SynclineError } from '../../server/errors.ts'
import { answerError } from '../../server/http/refusal.ts'
import { nodeLogger } from '../../server/observe/log.ts'
import { logRefusal } from '../../server/realtime/refusal.ts'
import { type App, startApp } from '../../server/start.ts'
import { query } from '../support/blocked-database.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { RawClient } from '../support/raw-client.ts'
import { describeWithOwnRedis, startOwnRedis } from '../support/redis.ts'
import { until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

type Line = Readonly<Record<string, unknown>>

const METRICS_TOKEN = 'metrics-only-0f1e2d3c4b5a69788796a5b4'

const lines: Line[] = []
const written = pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line)) })

let database: FreshDatabase
let app: App

beforeAll(async () => {
  database = await freshDatabase()
  const env = { PORT: '0', JWT_SECRET: SECRET, METRICS_TOKEN, DATABASE_URL: database.storage.url }
  app = await startApp(readConfig(env), written)
})
afterAll(async () => {
  await app.close()
  await database.drop()
})

const wsUrl = () => `${app.url.replace('http', 'ws')}/sync`
const get = (path: string, token: string) =>
  fetch(`${app.url}${path}`, { headers: { authorization: `Bearer ${token}` } })

/** Lines that are written while it is done. */
async function linesOf(act: () => Promise<unknown>): Promise<readonly Line[]> {
  const before = lines.length
  await act()
  return lines.slice(before)
}

it('[OBS30] every line names its node; a refusal over HTTP its code, room, person, route and the id of its answer', async () => {
  const reader = tokenOf('eve', { grants: { 'doc:b': 'read' } })
  let answer: Response | undefined
  const [line] = await linesOf(async () => {
    answer = await get('/api/v1/rooms/doc:secret/content?format=json', reader)
  })
  expect(line).toMatchObject({
    code: 'forbidden',
    room: 'doc:secret',
    user: 'eve',
    route: 'GET /api/v1/rooms/:room/content',
    requestId: answer?.headers.get('x-request-id'),
    msg: 'refused',
  })
  for (const { node } of lines) expect(node).toMatch(/^[0-9a-f]{8}$/)
  expect(new Set(lines.map(({ node }) => node)).size).toBe(1)
})

it('[OBS30] a refusal over a WebSocket has its code, room and person', async () => {
  const room = 'doc:written'
  const said = await linesOf(async () => {
    const client = await RawClient.connect({
      wsUrl: wsUrl(),
      room,
      token: tokenOf('mallory'),
    })
    await client.shake()
    client.update(Uint8Array.of(1, 2, 3))
    await until(() => client.closed !== undefined)
  })
  expect(said.find(({ msg }) => msg === 'refused')).toMatchObject({
    code: 'update-malformed',
    room,
    user: 'mallory',
  })
})

it('[OBS30] what is the server’s own fault has the same fields, and why', async () => {
  await query(database.storage.url, 'alter table room_sizes rename to hidden')
  onTestFinished(
    async () => void (await query(database.storage.url, 'alter table hidden rename to room_sizes')),
  )
  const admin = tokenOf('root', { grants: { '*:*': 'admin' } })
  const [line] = await linesOf(() => get('/api/v1/admin/rooms', admin))
  expect(line).toMatchObject({ level: 50, code: 'internal', user: 'root', msg: 'request failed' })
  expect(line).toMatchObject({ err: { code: '42P01', message: expect.stringContaining('room_sizes') } })
})

it.each([
  ['internal', 50, new Error('a mistake')],
  ['room-damaged', 50, new SynclineError('room-damaged', 'entry 3 of the log is missing')],
  ['storage-unavailable', 40, Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })],
  ['authorization-unavailable', 40, new SynclineError('authorization-unavailable')],
  ['room-quarantined', 40, new SynclineError('room-quarantined')],
  ['storage-full', 40, new SynclineError('storage-full')],
  ['forbidden', 30, new SynclineError('forbidden')],
  ['rate-limited', 20, new SynclineError('rate-limited')],
  [
    'token-invalid',
    30,
    new SynclineError('token-invalid', undefined, { cause: new Error('quoted at length') }),
  ],
])('[OBS32] %s is logged at level %i, with a stack from 50 on', async (code, level, thrown) => {
  const [line] = await linesOf(async () => {
    const answer = answerError(thrown, { route: 'GET /' }, written)
    expect(await answer.json()).toMatchObject({ error: { code } })
  })
  expect(line).toMatchObject({ code, level, msg: level === 50 ? 'request failed' : 'refused' })
  expect(JSON.stringify(line).includes('at ')).toBe(level === 50)
  expect(JSON.stringify(line)).not.toContain('quoted')
  if (code === 'storage-unavailable') expect(line).toMatchObject({ detail: 'connect ECONNREFUSED' })
})

it('[OBS32] the same over a WebSocket', async () => {
  const levelOf = async (error: SynclineError) =>
    (await linesOf(async () => logRefusal(written, error, {})))[0]?.level
  expect(await levelOf(new SynclineError('room-damaged'))).toBe(50)
  expect(await levelOf(new SynclineError('storage-unavailable'))).toBe(30)
})

it('[OBS31] no line has a token, wherever somebody puts it', async () => {
  const tokens = [tokenOf('ada'), tokenOf('bob', { expires: -60 }), METRICS_TOKEN, `${METRICS_TOKEN}x`]
  const said = await linesOf(async () => {
    for (const token of tokens) {
      await get('/metrics', token)
      await get('/api/v1/rooms', token)
      await get(`/api/v1/${token}`, token)
      await get(`/api/v1/rooms/${token}`, token)
      await get(`/metrics?token=${token}`, token)
      const client = await RawClient.connect({ wsUrl: wsUrl(), room: token, token })
      await until(() => client.denials.length > 0 || client.closed !== undefined)
      client.close()
    }
  })
  expect(said.length).toBeGreaterThan(8)
  for (const token of tokens)
    for (const line of said) expect(JSON.stringify(line)).not.toContain(token.slice(-30))
})

describeWithOwnRedis('a password of Redis', () => {
  it('[OBS31] stands in what ioredis throws, and not in the line that is written of it', async () => {
    const redis = await startOwnRedis('--requirepass', 'the-right-password')
    const address = new URL(redis.url)
    const client = new Redis({
      host: address.hostname,
      port: Number(address.port),
      password: 'a-wrong-password',
    })
    const { promise, resolve } = Promise.withResolvers<Error>()
    client.on('error', resolve)
    const error = await promise
    client.disconnect()
    const out: string[] = []
    const unsafe = pino({}, { write: (line: string) => void out.push(line) })
    unsafe.warn({ err: error }, 'control')
    nodeLogger(unsafe, '01234567').warn({ err: error }, 'Redis is away')
    expect(out[0]).toContain('a-wrong-password')
    expect(out[1]).not.toContain('a-wrong-password')
    expect(JSON.parse(out[1] ?? '')).toMatchObject({ err: { message: expect.stringContaining('WRONGPASS') } })
    await redis.dispose()
  })
})
