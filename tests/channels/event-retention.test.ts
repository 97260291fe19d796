import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { EventRetention } from '../../server/channels/event-retention.ts'
import { defineKind } from '../../server/channels/kind.ts'
import { Registry } from '../../server/channels/registry.ts'
import type { NewEntry } from '../../server/log/entry.ts'
import { database, openLog, openRoom } from '../log/fixture.ts'
import { query } from '../support/blocked-database.ts'
import { startServer, until } from '../support/server.ts'
import { RoomRecord } from './checker.ts'
import { EventClient } from './event-client.ts'

const DAY = 24 * 60 * 60 * 1000
const KINDS = [
  defineKind('short', {}, { keepDays: 10 }),
  defineKind('long', {}, { keepDays: 100 }),
  defineKind('ever', {}),
]

const event = (id: string, days: number): NewEntry => ({
  actor: 'ada',
  at: Date.now() - days * DAY,
  bytes: Buffer.from('{}'),
  event: { type: 'short.said', id },
})

it.each<[string, Record<string, number>, Record<string, number>]>([
  ['what the kinds say', {}, { 'short:a': 1, 'long:a': 4, 'ever:a': 5, 'other:a': 5 }],
  [
    'what the operator says before that',
    { long: 10, ever: 30 },
    { 'short:a': 1, 'long:a': 1, 'ever:a': 2, 'other:a': 5 },
  ],
  [
    'what the operator says of all others',
    { '*': 60 },
    { 'short:a': 1, 'long:a': 4, 'ever:a': 3, 'other:a': 3 },
  ],
])('[EVT66] keeps events as long as %s', async (_, days, left) => {
  const { db } = await database()
  const log = openLog(db)
  const rooms = await Promise.all(Object.keys(left).map((name) => openRoom(log, name)))
  for (const room of rooms) {
    for (const age of [300, 70, 40, 20, 1]) room.append(event(`${age}`, age))
    await room.durable()
  }
  const retention = new EventRetention(log, new Registry(KINDS), days, pino({ level: 'silent' }))
  const dropped = new Map<string, number>()
  for await (const done of retention.dropAll(new AbortController().signal, Date.now()))
    dropped.set(done.room, done.dropped)
  for (const [name, count] of Object.entries(left))
    expect([name, 5 - (dropped.get(name) ?? 0)]).toEqual([name, count])
  const { rows } = await db.pool.query(
    'select name, count(*)::int as count from room_events join rooms r on r.id = room_id group by 1',
  )
  expect(Object.fromEntries(rows.map(({ name, count }) => [name, count]))).toEqual(left)
})

it('[EVT66] drops them in housekeeping, and says so to who resumes from before', async () => {
  const server = await startServer({ env: { EVENT_RETENTION: '{"build":30}' } })
  onTestFinished(() => server.dispose())
  const room = 'build:1'
  const token = () => server.token('ada', { 'build:*': 'write' })
  const record = new RoomRecord()
  const connect = (name: string, after: number) => {
    const reader = record.reader(name, after)
    const client = new EventClient({
      url: () => server.wsUrl,
      token,
      room,
      reader,
      publisher: record.publisher(name),
    })
    onTestFinished(() => client.destroy())
    return { client, reader }
  }
  const ada = connect('ada', 0)
  const publish = async (from: number, count: number) => {
    const ids = Array.from({ length: count }, (_, i) => from + i)
    ada.client.publish(ids.map((i) => ({ type: 'build.progress', id: `e${i}`, payload: { share: 0.5 } })))
    await until(() => ada.client.unanswered === 0)
  }
  await publish(1, 20)
  await server.kill9()
  await query(server.databaseUrl, `update room_events set at = at - interval '40 days' where seq <= 15`)
  await server.restart()
  await until(() => server.output().includes('events were dropped'))
  await publish(21, 5)
  const late = connect('late', 3)
  const inTime = connect('in time', 15)
  await until(() => late.client.resumed && inTime.client.resumed)
  expect([late.reader.reset, inTime.reader.reset]).toEqual([15, 0])
  for (const { reader } of [late, inTime])
    expect(reader.seen.map(({ seq }) => seq)).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25])
  const answer = await fetch(`${server.url}/api/v1/rooms/${room}/events?after=3`, {
    headers: { authorization: `Bearer ${await token()}` },
  })
  expect(await answer.json()).toMatchObject({
    head: 25,
    reset: 15,
    events: [{ seq: 16 }, ...Array(9).fill({})],
  })
}, 60_000)

it('[EVT66] refuses a configuration that makes no sense', async () => {
  await expect(startServer({ env: { EVENT_RETENTION: '{"build":0}' } })).rejects.toThrow('EVENT_RETENTION')
})
