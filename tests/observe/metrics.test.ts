import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { readConfig } from '../../server/config.ts'
import { ERRORS } from '../../server/errors.ts'
import { METRICS } from '../../server/observe/metric-list.ts'
import { Metrics } from '../../server/observe/metrics.ts'
import { PACKAGE_ROOT } from '../../server/package.ts'
import { type App, startApp } from '../../server/start.ts'
import { blockWrites, query } from '../support/blocked-database.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { connectProvider } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'
import { rows } from './metric-table.ts'
import { Scrape } from './scrape.ts'

const silent = pino({ level: 'silent' })

let database: FreshDatabase
let app: App
let other: App

beforeAll(async () => {
  database = await freshDatabase()
  const config = readConfig({ PORT: '0', JWT_SECRET: SECRET, DATABASE_URL: database.storage.url })
  app = await startApp(config, silent)
  other = await startApp(config, silent)
})
afterAll(async () => {
  await Promise.all([app.close(), other.close()])
  await database.drop()
})

const wsUrlOf = ({ url }: App) => `${url.replace('http', 'ws')}/sync`

async function replicaOf(room: string, user = 'ada', at = app) {
  const token = tokenOf(user, { grants: { '*:*': 'write' } })
  const replica = connectProvider({ wsUrl: wsUrlOf(at), room, token })
  onTestFinished(() => replica.destroy())
  await replica.synced()
  return replica
}

/** How much more a metric of a server is than it was. */
async function growthOf(name: string, act: () => Promise<unknown>, labels: Record<string, string> = {}) {
  const before = (await Scrape.of(app.url)).value(name, labels) ?? 0
  await act()
  return ((await Scrape.of(app.url)).value(name, labels) ?? 0) - before
}

it('[OBS1] tells every metric of the list and no other, and docs/METRICS.md has a row for each', async () => {
  const text = await (await fetch(`${app.url}/metrics`)).text()
  const told = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type])
  expect(told).toEqual(Object.entries(METRICS).map(([name, { type }]) => [name, type]))
  const table = await readFile(join(PACKAGE_ROOT, 'docs/METRICS.md'), 'utf8')
  expect(table.split('\n').filter((line) => line.startsWith('| `'))).toEqual(rows())
})

it('[OBS1] names them by Prometheus’ conventions: base units, and _total for what is counted', () => {
  for (const [name, { type }] of Object.entries(METRICS)) {
    expect(name.endsWith('_total'), name).toBe(type === 'counter')
    if (type === 'histogram') expect(name).toMatch(/_seconds$/)
    expect(name).toMatch(/^syncline_[a-z]+(_[a-z]+)*$/)
    expect(name).not.toMatch(/_(ms|milliseconds|kb|mb|count)(_|$)/)
  }
})

it('[OBS2] counts what is committed and how long it took until it was acknowledged', async () => {
  const replica = await replicaOf('doc:counted')
  const before = await Scrape.of(app.url)
  for (let edit = 0; edit < 5; edit += 1) {
    replica.edits.push([`edit ${edit}`])
    await replica.saved()
  }
  await app.publish('ada', 'build:counted', [{ type: 'build.queued', id: 'q', payload: { position: 1 } }])
  const after = await Scrape.of(app.url)
  const grown = (name: string) => (after.value(name) ?? 0) - (before.value(name) ?? 0)
  expect(grown('syncline_edits_committed_total')).toBe(5)
  expect(grown('syncline_events_committed_total')).toBe(1)
  expect(grown('syncline_committed_bytes_total')).toBeGreaterThan(100)
  expect(grown('syncline_commit_duration_seconds_count')).toBe(6)
  expect(grown('syncline_acknowledgement_duration_seconds_count')).toBe(5)
  expect(after.value('syncline_rooms_open', { kind: 'doc' })).toBe(1)
  expect(after.value('syncline_documents_open')).toBe(1)
})

it('[OBS2] tells what waits while the database stands still, and that nothing does afterwards', async () => {
  const replica = await replicaOf('doc:held')
  const release = await blockWrites(database.storage.url)
  replica.edits.push(['waits'])
  const held = async () => (await Scrape.of(app.url)).value('syncline_acknowledgements_held')
  await until(async () => (await held()) === 1)
  const waiting = await Scrape.of(app.url)
  expect(waiting.value('syncline_log_queue_entries')).toBe(1)
  expect(waiting.value('syncline_log_queue_bytes')).toBeGreaterThan(512)
  expect(waiting.value('syncline_log_lanes', { state: 'busy' })).toBe(1)
  await release()
  await replica.saved()
  const after = await Scrape.of(app.url)
  expect(await held()).toBe(0)
  expect(after.value('syncline_log_queue_entries')).toBe(0)
  expect(after.value('syncline_log_lanes', { state: 'idle' })).toBe(3)
})

it('[OBS2] tells who is connected, and over what', async () => {
  await until(async () => (await Scrape.of(app.url)).value('syncline_people_online') === 0)
  const before = await Scrape.of(app.url)
  await replicaOf('doc:people', 'ada')
  await replicaOf('doc:people', 'bob')
  const stream = new AbortController()
  const headers = { authorization: `Bearer ${tokenOf('eve')}`, accept: 'text/event-stream' }
  const events = `${app.url}/api/v1/rooms/doc:people/events`
  expect((await fetch(events, { headers, signal: stream.signal })).status).toBe(200)
  const session = await fetch(`${app.url}/sync/http`, { method: 'POST' })
  expect(session.status).toBe(201)
  const after = await Scrape.of(app.url)
  const grown = (name: string, labels = {}) =>
    (after.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0)
  expect(grown('syncline_connections', { transport: 'websocket' })).toBe(2)
  expect(grown('syncline_connections', { transport: 'event-stream' })).toBe(1)
  expect(grown('syncline_connections', { transport: 'http' })).toBe(1)
  expect(after.value('syncline_people_online')).toBe(3)
  stream.abort()
  await until(async () => (await Scrape.of(app.url)).value('syncline_people_online') === 2)
})

it('[OBS2] counts refusals by their code, however they are told', async () => {
  const refused = (code: string, act: () => Promise<unknown>) =>
    growthOf('syncline_refusals_total', act, { code })
  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${app.url}${path}`, { headers })
  expect(await refused('token-missing', () => get('/api/v1/rooms'))).toBe(1)
  expect(await refused('route-not-found', () => get('/nowhere'))).toBe(1)
  const join = async () => {
    const client = await RawClient.connect({
      wsUrl: wsUrlOf(app),
      room: 'doc:a',
      token: tokenOf('eve', { grants: { 'doc:b': 'read' } }),
    })
    await until(() => client.denials.length > 0)
    client.close()
  }
  expect(await refused('forbidden', join)).toBe(1)
  const upgrade = () =>
    new Promise((resolve) =>
      new WebSocket(wsUrlOf(app), { origin: 'https://evil.example' }).on('error', resolve),
    )
  expect(await refused('origin-refused', upgrade)).toBe(1)
})

it('[OBS2] tells of other nodes’ edits: how late they come, and what had to be read anew', async () => {
  // Two nodes without Redis: what the other writes is found by asking for heads of rooms.
  const here = await replicaOf('doc:shared')
  const there = await replicaOf('doc:shared', 'bob', other)
  const before = await Scrape.of(app.url)
  there.edits.push(['from there'])
  await here.holds('from there')
  const after = await Scrape.of(app.url)
  const grown = (name: string) => (after.value(name) ?? 0) - (before.value(name) ?? 0)
  expect(grown('syncline_resyncs_total')).toBe(1)
  expect(grown('syncline_relay_lag_seconds_count')).toBe(1)
  expect(grown('syncline_relay_lag_seconds_sum')).toBeGreaterThan(0)
  // Nobody has said that there is a Redis, so none can be away.
  expect(after.value('syncline_redis_connected')).toBeUndefined()
})

it('[OBS3] two servers in one process have metrics of their own', async () => {
  const before = (await Scrape.of(other.url)).value('syncline_edits_committed_total')
  const replica = await replicaOf('doc:mine')
  replica.edits.push(['here'])
  await replica.saved()
  expect((await Scrape.of(other.url)).value('syncline_edits_committed_total')).toBe(before)
})

it('[OBS4] nobody outside makes a label: rooms, kinds, people, paths, methods and codes', async () => {
  const secret = 'zanzibar'
  const seriesOf = (scrape: Scrape) =>
    scrape.samples.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`).sort()
  await fetch(`${app.url}/api/v1/rooms`, { method: 'POST' })
  const replica = await replicaOf(`${secret}:${secret}`, secret)
  replica.edits.push([secret])
  await replica.saved()
  const headers = { authorization: `Bearer ${tokenOf(secret)}`, 'x-request-id': secret, traceparent: secret }
  for (const path of [`/${secret}`, `/api/v1/rooms/doc:${secret}`, `/api/v1/${secret}?${secret}=1`])
    await fetch(`${app.url}${path}`, { headers })
  for (const method of ['PROPFIND', 'M-SEARCH', 'REPORT'])
    await fetch(`${app.url}/${secret}`, { method, headers })
  await replicaOf('marzipan:1', 'marzipan')
  const scrape = await Scrape.of(app.url)
  const told = seriesOf(scrape).join('\n')
  expect(told).not.toMatch(/zanzibar|marzipan|PROPFIND|REPORT/)
  expect(scrape.value('syncline_rooms_open', { kind: 'other' })).toBe(2)
  expect(scrape.value('syncline_http_requests_total', { method: 'other', status: '4xx' })).toBe(3)
  for (const { labels } of scrape.samples)
    for (const [label, value] of Object.entries(labels))
      if (label === 'code') expect(Object.hasOwn(ERRORS, value), value).toBe(true)
})

it('[OBS4] whatever a part hands over, a label has the values of the list and one more', async () => {
  const metrics = new Metrics({ codes: ['forbidden'], kinds: ['doc'], versions: ['1'] })
  for (let i = 0; i < 1000; i += 1) metrics.add('syncline_refusals_total', 1, { code: `code-${i}` })
  metrics.add('syncline_refusals_total', 1, { code: 'forbidden' })
  metrics.ask('syncline_rooms_open', () => ({ doc: 1, 'x"} 1\nsyncline_ready 0': 2, y: 3 }))
  const text = await metrics.text()
  expect(text.match(/^syncline_refusals_total.*$/gm)).toEqual([
    'syncline_refusals_total{code="forbidden"} 1',
    'syncline_refusals_total{code="other"} 1000',
  ])
  expect(text.match(/^syncline_rooms_open.*$/gm)).toEqual([
    'syncline_rooms_open{kind="doc"} 1',
    'syncline_rooms_open{kind="other"} 5',
  ])
})

it('[OBS2] who looks while somebody else does reads each number once', async () => {
  const metrics = new Metrics({ codes: [], kinds: ['doc'], versions: [] })
  let edits = 7
  metrics.ask('syncline_edits_committed_total', async () => edits)
  metrics.ask('syncline_rooms_open', async () => ({ doc: 3 }))
  for (const text of await Promise.all([metrics.text(), metrics.text()])) {
    expect(text).toContain('syncline_edits_committed_total 7\n')
    expect(text).toContain('syncline_rooms_open{kind="doc"} 3\n')
  }
  edits = 8
  expect(await metrics.text()).toContain('syncline_edits_committed_total 8\n')
})

it('[OBS5] a question that fails leaves its metric out and all others in', async () => {
  const metrics = new Metrics({ codes: [], kinds: [], versions: [] })
  metrics.ask('syncline_people_online', () => {
    throw new Error('nobody knows')
  })
  metrics.ask('syncline_documents_open', async () => 7)
  const text = await metrics.text()
  expect(text).toContain('syncline_documents_open 7')
  expect(text).not.toMatch(/^syncline_people_online/m)
})

it('[OBS5] tells of all nodes’ rooms, events and webhooks what the database says', async () => {
  await query(database.storage.url, `update rooms set quarantined_at = now() where name = 'doc:counted'`)
  // Taken by a node that will not say any more what came of it: nobody here sends them.
  await query(
    database.storage.url,
    `with hooks as (
       insert into webhooks (url, description, events, rooms, secret, active, switched_off, failing_since, created_by)
       values ('http://127.0.0.1:9', 'on', '{}', '{}', 's', true, null, now(), 'root'),
         ('http://127.0.0.1:9', 'switched off', '{}', '{}', 's', false, 'failing', now(), 'root'),
         ('http://127.0.0.1:9', 'turned off', '{}', '{}', 's', false, null, now(), 'root')
       returning id, active)
     insert into webhook_deliveries (webhook_id, type, at, data, next_at, taken_until)
     select id, 'ping', now(), '{}', due, now() + interval '1 hour'
     from hooks, unnest(array[null, now() - interval '100 s' - interval '100 s' * (not active)::int,
       now() + interval '1 hour']) due`,
  )
  const third = await startApp(
    readConfig({ PORT: '0', JWT_SECRET: SECRET, DATABASE_URL: database.storage.url }),
    silent,
  )
  onTestFinished(async () => void (await third.close()))
  const scrape = await Scrape.of(third.url)
  expect(scrape.value('syncline_rooms_quarantined')).toBe(1)
  expect(scrape.value('syncline_event_queue_entries')).toBe(0)
  expect(scrape.value('syncline_webhook_deliveries_waiting')).toBe(2)
  const due = scrape.value('syncline_webhook_oldest_due_seconds')
  expect(due).toBeGreaterThanOrEqual(100)
  expect(due).toBeLessThan(200)
  expect(scrape.value('syncline_webhooks_failing')).toBe(2)
  expect(scrape.value('syncline_ready')).toBe(1)
})
