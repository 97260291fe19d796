import { HocuspocusProvider } from '@hocuspocus/provider'
import { Hocuspocus, Server } from '@hocuspocus/server'
import pg from 'pg'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import * as Y from 'yjs'
import { type SynclineOptions, syncline } from '../../server/extension.ts'
import { createLogger } from '../../server/observe/log.ts'
import { blockWrites } from '../support/blocked-database.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { until } from '../support/server.ts'

let database: FreshDatabase
const closing: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  database = await freshDatabase()
})

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  await database.drop()
})

/** Somebody else's Hocuspocus server, with nothing of ours but the extension. */
async function stockServer(options: Pick<SynclineOptions, 'actorOf'> = {}): Promise<string> {
  const { url: databaseUrl } = database.storage
  const extension = await syncline({ databaseUrl, logger: createLogger('silent'), ...options })
  const server = new Server({
    quiet: true,
    stopOnSignals: false,
    port: 0,
    address: '127.0.0.1',
    extensions: [extension],
    onAuthenticate: async ({ token }) => ({ user: { id: token } }),
  })
  await server.listen()
  closing.push(() => server.destroy())
  return `ws://127.0.0.1:${server.address.port}`
}

function provider(url: string, user: string): HocuspocusProvider {
  const made = new HocuspocusProvider({ url, name: 'doc:stock', document: new Y.Doc(), token: user })
  closing.push(async () => made.destroy())
  return made
}

const saved = (one: HocuspocusProvider) => until(() => one.isSynced && one.unsyncedChanges === 0)

async function query<Row extends pg.QueryResultRow>(text: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: database.storage.url })
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}

it('[ACK5] a stock Server with the extension keeps what it acknowledges, and knows whose it is', async () => {
  const url = await stockServer()
  const ada = provider(url, 'ada')
  const bob = provider(url, 'bob')
  await saved(ada)
  await saved(bob)
  ada.document.getText('content').insert(0, 'from Ada')
  await saved(ada)
  const rows = await query<{ actor: string }>('select actor from room_updates order by seq')
  expect(rows).toEqual([{ actor: 'ada' }])
  await until(() => bob.document.getText('content').toString() === 'from Ada')
})

it('[ACK5] a stock Server whose users have numbers is kept by them', async () => {
  const numbers = { actorOf: () => 42 as unknown as string }
  const ada = provider(await stockServer(numbers), 'ada')
  await saved(ada)
  ada.document.getText('content').insert(0, 'from 42')
  await saved(ada)
  expect(await query('select actor from room_updates order by seq')).toEqual([{ actor: '42' }])
})

it('[ACK5] a stock Server with the extension holds the acknowledgement until the commit', async () => {
  const url = await stockServer()
  const ada = provider(url, 'ada')
  await saved(ada)
  const blocker = new pg.Client({ connectionString: database.storage.url })
  await blocker.connect()
  await blocker.query('begin')
  await blocker.query('select id from rooms for update')
  const bob = provider(url, 'bob')
  await until(() => bob.isSynced)
  ada.document.getText('content').insert(0, 'not yet')
  // Everybody sees it, so the server has it; nobody is told that it is saved.
  await until(() => bob.document.getText('content').toString() === 'not yet')
  expect(ada.unsyncedChanges).toBe(1)
  await blocker.query('commit')
  await blocker.end()
  await saved(ada)
  expect(await query('select seq from room_updates')).toHaveLength(1)
})

it('[ACK5] a stock Server with the extension opens what was saved after a restart', async () => {
  const first = provider(await stockServer(), 'ada')
  await saved(first)
  first.document.getText('content').insert(0, 'kept')
  await saved(first)
  for (const close of closing.splice(0).reverse()) await close()
  const again = provider(await stockServer(), 'bob')
  await until(() => again.isSynced)
  expect(again.document.getText('content').toString()).toBe('kept')
})

it('[ACK5] ends in its time where the database hangs, and says how much was not saved', async () => {
  let said = ''
  const logger = pino({ level: 'error' }, { write: (line: string) => (said += line) })
  const extension = await syncline({ databaseUrl: database.storage.url, logger, stopWithin: 300 })
  const hocuspocus = new Hocuspocus({ quiet: true, extensions: [extension] })
  const direct = await hocuspocus.openDirectConnection('doc:stock', { user: { id: 'ada' } })
  const release = await blockWrites(database.storage.url)
  await direct.transact((document) => document.getText('content').insert(0, 'not yet'))
  const started = Date.now()
  await hocuspocus.hooks('onDestroy', { instance: hocuspocus })
  expect(Date.now() - started).toBeGreaterThanOrEqual(300)
  expect(Date.now() - started).toBeLessThan(5_000)
  expect(said).toContain('"entries":1')
  await release()
})
