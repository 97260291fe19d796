import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Hono } from 'hono'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { trustedList } from '../../server/http/address.ts'
import { watchRequests } from '../../server/http/request-watch.ts'
import { Measured } from '../../server/measured.ts'
import { NO_TRACES, type Traces } from '../../server/observe/traces.ts'
import { type App, startApp } from '../../server/start.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { connectProvider } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { ServerProcess, until } from '../support/server-process.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'
import { type CollectedSpan, Collector } from './collector.ts'

let collector: Collector
let database: FreshDatabase
let app: App

beforeAll(async () => {
  collector = await Collector.open()
  database = await freshDatabase()
  vi.stubEnv('OTEL_BSP_SCHEDULE_DELAY', '50')
  const env = { PORT: '0', JWT_SECRET: SECRET, DATABASE_URL: database.storage.url }
  app = await startApp(
    readConfig({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }),
    pino({ level: 'silent' }),
  )
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await app.close()
  await collector.close()
  await database.drop()
})

const wsUrl = () => `${app.url.replace('http', 'ws')}/sync`

/** The span of that name, and of that attribute where one is asked for, once it has come. */
async function collected(name: string, value?: string): Promise<CollectedSpan> {
  const found = () =>
    collector
      .named(name)
      .find(
        ({ attributes }) => value === undefined || attributes.some((one) => one.value.stringValue === value),
      )
  await until(() => found() !== undefined)
  const span = found()
  if (span === undefined) throw new Error(name)
  return span
}

it('[OBS20] joining a room is a span: its token, its load and the first answer are parts of it', async () => {
  const replica = connectProvider({ wsUrl: wsUrl(), room: 'doc:traced', token: tokenOf('ada') })
  onTestFinished(() => replica.destroy())
  await replica.synced()
  const joined = await collected('join', 'doc:traced')
  for (const part of ['join token', 'join load', 'join answer']) {
    await until(() => collector.named(part).some(({ parentSpanId }) => parentSpanId === joined.spanId))
  }
  expect(joined.status.code).toBe(0)
  replica.edits.push(['an edit'])
  await replica.saved()
  const { attributes, parentSpanId } = await collected('commit')
  expect(attributes.map(({ key }) => key)).toEqual(['syncline.rooms', 'syncline.entries'])
  expect(parentSpanId ?? '').toBe('')
})

it('[OBS20] a join that is refused is told by its code', async () => {
  const client = await RawClient.connect({
    wsUrl: wsUrl(),
    room: 'doc:forbidden',
    token: tokenOf('eve', { grants: { 'doc:b': 'read' } }),
  })
  onTestFinished(() => client.close())
  expect((await collected('join', 'doc:forbidden')).status).toEqual({ code: 2, message: 'forbidden' })
})

it('[OBS20] a request follows the traceparent that it comes with, and what it asks of history is below it', async () => {
  await app.publish('ada', 'doc:past', [])
  const replica = connectProvider({ wsUrl: wsUrl(), room: 'doc:past', token: tokenOf('ada') })
  onTestFinished(() => replica.destroy())
  await replica.synced()
  replica.edits.push(['an edit'])
  await replica.saved()
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
  const answer = await fetch(`${app.url}/api/v1/rooms/doc:past/content?format=json`, {
    headers: {
      authorization: `Bearer ${tokenOf('ada')}`,
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    },
  })
  expect(answer.status).toBe(200)
  const request = await collected('GET /api/v1/rooms/:room/content')
  expect(request).toMatchObject({ traceId, parentSpanId: '00f067aa0ba902b7' })
  const job = await collected('history content')
  expect(job).toMatchObject({ traceId, parentSpanId: request.spanId })
})

type Sent = readonly [by: string, peer: string, followed: string | undefined, forwarded: string]
const sent: readonly Sent[] = [
  ['this machine', '127.0.0.1', 'theirs', ''],
  ['a proxy that is trusted', '10.1.2.3', 'theirs', ''],
  ['the same, by IPv6', '::ffff:10.1.2.3', 'theirs', ''],
  ['anybody else', '203.0.113.7', undefined, ''],
  ['anybody else who names a proxy', '203.0.113.7', undefined, '10.1.2.3'],
]
it.each(sent)('[OBS20] whose traceparent is followed: %s', async (_, remoteAddress, followed, forwarded) => {
  const measured = await Measured.open(
    { traces: undefined, roomKinds: undefined },
    [],
    pino({ level: 'silent' }),
  )
  onTestFinished(() => measured.stop())
  const parents: unknown[] = []
  const traces: Traces = {
    ...NO_TRACES,
    span: (name, attributes, act, parent) => {
      parents.push(parent)
      return NO_TRACES.span(name, attributes, act)
    },
  }
  const web = new Hono()
  web.use(watchRequests({ ...measured.requests(trustedList(['10.0.0.0/8'])), traces }))
  const headers = { traceparent: 'theirs', 'x-forwarded-for': forwarded }
  await web.request('/', { headers }, { incoming: { socket: { remoteAddress }, headers } })
  expect(parents).toEqual([followed])
})

it.each(['rubbish', '00-00000000000000000000000000000000-0000000000000000-01', ''])(
  '[OBS20] a traceparent that is none (%s) harms nothing',
  async (traceparent) => {
    const before = collector.named('GET /api/v1/info').length
    expect((await fetch(`${app.url}/api/v1/info`, { headers: { traceparent } })).status).toBe(200)
    await until(() => collector.named('GET /api/v1/info').length > before)
    expect(collector.named('GET /api/v1/info').at(-1)?.parentSpanId ?? '').toBe('')
  },
)

it('[OBS21] no name of a span has a room, a person or a token in it, and none has a token anywhere', () => {
  expect(collector.spans.length).toBeGreaterThan(8)
  for (const { name } of collector.spans) expect(name).not.toMatch(/traced|forbidden|past|ada|eve/)
  expect(JSON.stringify(collector.spans)).not.toContain('eyJ')
  expect(collector.resources[0]).toContain('syncline')
})

it('[OBS22] without an address for traces nothing of what makes them is loaded, and with one it is', async () => {
  const preload = pathToFileURL(join(import.meta.dirname, 'loaded.ts')).href
  const loadedWith = async (env: Record<string, string>) => {
    const server = await ServerProcess.start({
      preload: [preload],
      env: () => ({ DATABASE_URL: database.storage.url, STUDIO: 'off', ...env }),
    })
    await fetch(`${server.url}/api/v1/info`)
    await server.end('SIGTERM')
    return server.output.includes('"loaded":"@opentelemetry/sdk-trace-node"')
  }
  const both = [loadedWith({}), loadedWith({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })]
  expect(await Promise.all(both)).toEqual([false, true])
})
