import { expect, it, onTestFinished } from 'vitest'
import { connect } from '../../client/sdk/index.ts'
import type { EventDraft } from '../../server/protocol.ts'
import { startProxy } from '../log/postgres-proxy.ts'
import { query } from '../support/blocked-database.ts'
import { freshDatabase } from '../support/database.ts'
import { startServer, until } from '../support/server.ts'
import { RoomRecord } from './checker.ts'
import { EventClient } from './event-client.ts'
import { readAll } from './storm.ts'

const GRANTS = { 'build:*': 'admin' } as const

/** A server whose database can go away, somebody who publishes there and somebody who reads. */
async function behindProxy(env: Readonly<Record<string, string>> = {}) {
  const database = await freshDatabase()
  onTestFinished(database.drop)
  const proxy = await startProxy(database.storage.url)
  onTestFinished(() => proxy.close())
  const server = await startServer({ env: { ...env, DATABASE_URL: proxy.url } })
  onTestFinished(() => server.dispose())
  const record = new RoomRecord()
  const room = 'build:1'
  const token = () => server.token('ada', GRANTS)
  const publisher = record.publisher('ada')
  const common = { url: () => server.wsUrl, token, room }
  const ada = new EventClient({ ...common, publisher, reader: record.reader('ada') })
  const eve = new EventClient({ ...common, reader: record.reader('eve') })
  onTestFinished(() => {
    ada.destroy()
    eve.destroy()
  })
  await until(() => ada.resumed && eve.resumed)
  const ready = async () => (await fetch(`${server.url}/health/ready`)).ok
  const stored = () => readAll({ url: () => server.url, token }, room)
  return { proxy, server, database, record, publisher, ada, eve, ready, stored, token, room }
}

let made = 0
const drafts = (count: number, size = 10): readonly EventDraft[] =>
  Array.from({ length: count }, () => {
    made += 1
    return { type: 'build.log', id: `e${made}`, payload: { first: made, lines: ['x'.repeat(size)] } }
  })

it('[EVT63] acknowledges nothing while the database is away, and all once when it is back', async () => {
  const { proxy, record, publisher, ada, eve, ready, stored } = await behindProxy()
  ada.publish(drafts(100))
  await until(() => ada.unanswered === 0)
  for (const fate of ['refuse', 'swallow', 'refuse'] as const) {
    proxy[fate]()
    const before = publisher.acknowledged.length
    for (let i = 0; i < 20; i += 1) ada.publish(drafts(10))
    await until(async () => !(await ready()), 20_000)
    expect(publisher.acknowledged).toHaveLength(before)
    proxy.restore()
    await until(() => ada.unanswered === 0, 20_000)
  }
  const log = await stored()
  await until(() => record.readers.every(({ seen }) => seen.length >= 700))
  expect(record.check(log)).toEqual([])
  expect(publisher.rejected).toEqual([])
  expect(log).toHaveLength(700)
  expect(eve.online).toBe(true)
}, 90_000)

it('[EVT65] refuses what it could not keep while the database is away, and takes it afterwards', async () => {
  const { proxy, record, publisher, ada, ready, stored } = await behindProxy({ MAX_QUEUE_BYTES: '1048576' })
  proxy.refuse()
  const all = drafts(100, 16_000)
  for (const draft of all) ada.publish([draft])
  await until(() => publisher.rejected.length > 0)
  expect(new Set(publisher.rejected.map(({ code }) => code))).toEqual(new Set(['storage-full']))
  expect(publisher.acknowledged).toEqual([])
  proxy.restore()
  await until(() => ada.unanswered === 0, 20_000)
  await until(ready)
  const refused = new Set(publisher.rejected.map(({ id }) => id))
  expect((await stored()).some(({ id }) => refused.has(id))).toBe(false)
  ada.publish(all.filter(({ id }) => refused.has(id)))
  await until(() => ada.unanswered === 0, 20_000)
  const log = await stored()
  await until(() => record.readers.every(({ seen }) => seen.length >= 100))
  expect(record.check(log)).toEqual([])
  expect(log).toHaveLength(100)
}, 60_000)

it('[EVT44] keeps two edits of one comment in their order, where the first cannot be looked up at once', async () => {
  const { proxy, server, token } = await behindProxy()
  const client = connect({ url: server.url, token, user: { id: 'ada', name: 'Ada' } })
  onTestFinished(() => client.destroy())
  const room = client.room('build:2')
  const texts: string[] = []
  room.on('comment.edited', ({ payload }) => texts.push(payload.text), 'start')
  const { id: comment } = await room.publish('comment.created', { text: 'first' })
  let lost = 0
  proxy.fate = {
    request: (bytes) => {
      if (lost > 0 || !Buffer.from(bytes).includes('find event')) return 'pass'
      lost += 1
      return 'lose'
    },
  }
  await Promise.all(['second', 'third'].map((text) => room.publish('comment.edited', { comment, text })))
  await until(() => texts.length === 2)
  expect(texts).toEqual(['second', 'third'])
  expect(lost).toBe(1)
}, 60_000)

it('[EVT64] answers everybody who publishes in a room while it is deleted, and keeps nothing of it', async () => {
  const { database, server, ada, token, room } = await behindProxy()
  const address = `${server.url}/api/v1/rooms/${room}`
  const authorization = `Bearer ${await token()}`
  const post = async () => {
    const answer = await fetch(`${address}/events`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(drafts(20)),
    })
    return { status: answer.status, body: await answer.json() }
  }
  const statuses: number[] = []
  const codes = new Set<string>()
  const posting = Array.from({ length: 4 }, async () => {
    for (let status = 200; status === 200; ) {
      const answer = await post()
      status = answer.status
      statuses.push(status)
      if (status !== 200) codes.add(answer.body.error.code)
    }
  })
  ada.publish(drafts(500))
  await until(() => statuses.length > 20)
  const deleted = await fetch(address, { method: 'DELETE', headers: { authorization } })
  expect(deleted.ok).toBe(true)
  await Promise.all(posting)
  expect([...codes]).toEqual(['room-deleted'])
  // None was taken after the first that was told.
  expect((await post()).body.error.code).toBe('room-deleted')
  await until(async () => {
    const [row] = await query(database.storage.url, 'select count(*)::int as events from room_events')
    return (row as { events: number } | undefined)?.events === 0
  })
}, 60_000)
