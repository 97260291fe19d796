import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Attached, attachSyncline, type Hooks, readConfig } from '../../server/index.ts'
import { query } from '../support/blocked-database.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { connectProvider } from '../support/provider.ts'
import { until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

let database: FreshDatabase
let server: Server
let syncline: Attached
let hooks: Hooks
const lines: string[] = []
const logger = pino({ level: 'error' }, { write: (line: string) => lines.push(line) })
const told: { readonly id: string; readonly type: string; readonly room: string }[] = []

const attach = () =>
  attachSyncline(
    server,
    readConfig({
      DATABASE_URL: database.storage.url,
      JWT_SECRET: SECRET,
      CHANGED_QUIET_MS: '200',
      WEBHOOK_TIMEOUT_MS: '400',
      WEBHOOK_RETRY_SECONDS: '0',
    }),
    logger,
    { hooks },
  )

beforeAll(async () => {
  database = await freshDatabase()
  server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const note = (message: (typeof told)[number]) => {
    // The server's own room comes whenever the first measurements are kept.
    if (message.room !== 'analytics:system') told.push(message)
  }
  hooks = {
    onDocumentChanged: note,
    onVersionCreated: note,
    onRoomCreated: note,
    onRoomErased: note,
    onEvent: {
      'chat.message': (message) => {
        const text: string | undefined = message.event.payload.text
        // @ts-expect-error: what a message carries is known
        const nothing = message.event.payload.nothing
        if (text === 'refuse' || nothing !== undefined) throw new Error('this hook is broken')
        note(message)
      },
      'build.started': () => new Promise(() => undefined),
    },
  }
  syncline = await attach()
})
afterAll(async () => {
  await syncline.close()
  await new Promise((resolve) => server.close(resolve))
  await database.drop()
})

const url = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}`
const authorization = `Bearer ${tokenOf('root', { grants: { '*:*': 'admin' } })}`
const say = (room: string, id: string, text: string) =>
  syncline.publish('ada', room, [{ id, type: 'chat.message', payload: { text } }])
const of = (type: string) => told.filter((message) => message.type === type)

it('[HOOK20] hooks are told what webhooks are told, with what each event carries', async () => {
  const replica = connectProvider({
    wsUrl: `${url().replace('http', 'ws')}/sync`,
    room: 'doc:1',
    token: tokenOf('ada'),
  })
  await replica.synced()
  replica.edits.push(['a word'])
  await replica.saved()
  replica.destroy()
  await say('doc:1', 'm1', 'hello')
  const headers = { authorization, 'content-type': 'application/json' }
  const body = JSON.stringify({ title: 'First' })
  await fetch(`${url()}/api/v1/rooms/doc:1/versions`, { method: 'POST', headers, body })
  await until(() => told.length === 4)
  await fetch(`${url()}/api/v1/rooms/doc:1`, { method: 'DELETE', headers })
  await until(() => told.length === 5)
  expect(of('room.created')).toMatchObject([{ room: 'doc:1', by: 'ada' }])
  expect(of('document.changed')).toMatchObject([{ from: 1, to: 1, actors: ['ada'] }])
  expect(of('version.created')).toMatchObject([{ version: { title: 'First' } }])
  expect(of('event:chat.message')).toMatchObject([
    { actor: 'ada', seq: 2, event: { id: 'm1', payload: { text: 'hello' } } },
  ])
  expect(of('room.erased')).toMatchObject([{ room: 'doc:1', by: 'root' }])
  // They are nobody's to look at or to change.
  const listed = await fetch(`${url()}/api/v1/webhooks`, { headers })
  expect(await listed.json()).toEqual({ webhooks: [] })
})

it('[HOOK21] a hook that throws or never ends harms nobody; it is called again, reported once and given up', async () => {
  await say('talk:1', 'm1', 'refuse')
  for (let n = 0; n < 6; n += 1)
    await syncline.publish('ada', `build:${n}`, [{ id: 's', type: 'build.started', payload: {} }])
  const states = () =>
    query(
      database.storage.url,
      `select attempts, error, next_at is null as ended from webhook_deliveries where room = 'talk:1' and type like 'event%'`,
    )
  await until(async () => (await states())[0]?.ended === true)
  expect(await states()).toEqual([{ attempts: 2, error: 'this hook is broken', ended: true }])
  expect(lines.filter((line) => line.includes('this hook is broken'))).toHaveLength(1)
  await until(() => lines.some((line) => line.includes('build.started')))
  // Calls that never end keep the places of their own hook, and no others'.
  await say('talk:2', 'm2', 'meanwhile')
  await until(() => of('event:chat.message').length === 2)
})

it('[HOOK20] what was not done when the process ended is done by the next one, in the order of the room', async () => {
  for (const id of ['m3', 'm4', 'm5']) await say('talk:2', id, 'at the end')
  await syncline.close()
  syncline = await attach()
  await until(() => of('event:chat.message').length === 5)
  const ids = told.map((message) => ('event' in message ? (message.event as { id: string }).id : ''))
  expect(ids.filter((id) => id !== '')).toEqual(['m1', 'm2', 'm3', 'm4', 'm5'])
  expect(new Set(told.map(({ id }) => id)).size).toBe(told.length)
})
