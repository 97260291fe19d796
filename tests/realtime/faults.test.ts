import { fileURLToPath } from 'node:url'
import { HocuspocusProvider } from '@hocuspocus/provider'
import { type Extension, type onLoadDocumentPayload, Server } from '@hocuspocus/server'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import * as Y from 'yjs'
import { RoomDocument } from '../../server/documents/room-document.ts'
import { syncline } from '../../server/extension.ts'
import { createLogger } from '../../server/observe/log.ts'
import { reportFault } from '../../server/realtime/faults.ts'
import { CONTENT, gc, item, MALLORY, text, updateOf } from '../documents/attacks.ts'
import { query } from '../support/blocked-database.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { connectProvider } from '../support/provider.ts'
import { RawClient } from '../support/raw-client.ts'
import { startServer, until } from '../support/server.ts'
import { readRoom } from '../support/typing.ts'

describe('an extension of somebody’s own that throws', () => {
  let database: FreshDatabase
  const closing: (() => Promise<unknown>)[] = []

  beforeEach(async () => {
    database = await freshDatabase()
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    for (const close of closing.splice(0).reverse()) await close()
    await database.drop()
  })

  /** Throws once, at the first event of that name after `arm`, before anything of ours hears of it. */
  function throwing(event: 'update' | 'afterTransactionCleanup' | 'beforeAllTransactions') {
    let armed = false
    let thrown = 0
    const extension: Extension = {
      priority: 1_000,
      onLoadDocument: async ({ document }: onLoadDocumentPayload) => {
        document.on(event, () => {
          if (!armed) return
          armed = false
          thrown += 1
          throw new Error('a listener of somebody’s own')
        })
      },
    }
    return {
      extension,
      arm: () => {
        armed = true
      },
      thrown: () => thrown,
    }
  }

  async function listening(extensions: readonly Extension[], debounce = 2_000): Promise<Server> {
    // y-protocols and Hocuspocus repeat there what was thrown.
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    const ours = await syncline({ databaseUrl: database.storage.url, logger: createLogger('silent') })
    const server = new Server({
      quiet: true,
      stopOnSignals: false,
      port: 0,
      address: '127.0.0.1',
      debounce,
      maxDebounce: 5 * debounce,
      extensions: [...extensions, ours],
      onAuthenticate: async ({ token }) => ({ user: { id: token } }),
    })
    await server.listen()
    closing.push(() => server.destroy())
    return server
  }

  const urlOf = (server: Server): string => `ws://127.0.0.1:${server.address.port}`
  const stockServer = async (extension: Extension): Promise<string> => urlOf(await listening([extension]))

  function provider(url: string, user: string): HocuspocusProvider {
    const made = new HocuspocusProvider({ url, name: 'doc:stock', document: new Y.Doc(), token: user })
    closing.push(async () => made.destroy())
    return made
  }

  async function entries(): Promise<number> {
    const client = new pg.Client({ connectionString: database.storage.url })
    await client.connect()
    try {
      return Number((await client.query('select count(*) from room_updates')).rows[0].count)
    } finally {
      await client.end()
    }
  }

  const saved = (one: HocuspocusProvider) => until(() => one.isSynced && one.unsyncedChanges === 0, 20_000)
  const contentOf = (one: HocuspocusProvider) => one.document.getText('content')

  for (const event of ['update', 'afterTransactionCleanup', 'beforeAllTransactions'] as const) {
    it(`[DOC30] in '${event}': nothing is acknowledged that has no entry; the room is loaded anew`, async () => {
      const fault = throwing(event)
      const url = await stockServer(fault.extension)
      const ada = provider(url, 'ada')
      const bob = provider(url, 'bob')
      await Promise.all([saved(ada), saved(bob)])
      contentOf(ada).insert(0, 'before ')
      await saved(ada)

      fault.arm()
      contentOf(ada).insert(7, 'lost? ')
      contentOf(ada).insert(13, 'and after')
      await until(() => fault.thrown() === 1)
      await Promise.all([saved(ada), saved(bob)])
      await until(() => contentOf(bob).toString() === 'before lost? and after', 20_000)
      // What was saved is what somebody reads who was never there.
      const client = new Y.Doc()
      const fresh = new HocuspocusProvider({ url, name: 'doc:stock', document: client, token: 'eve' })
      closing.push(async () => fresh.destroy())
      await saved(fresh)
      expect(client.getText('content').toString()).toBe('before lost? and after')
      expect(await entries()).toBeGreaterThanOrEqual(2)
    })
  }

  it('[DOC31] a room that is loaded anew leaves memory with its last person, whatever was yet to be stored of it', async () => {
    const server = await listening([], 600_000)
    const ada = provider(urlOf(server), 'ada')
    await saved(ada)
    contentOf(ada).insert(0, 'saved')
    await saved(ada)
    const { documents } = server.hocuspocus
    const before = documents.get('doc:stock')
    if (before === undefined) throw new Error('the room is not open')
    reportFault(before, new Error('broken'))
    await until(() => documents.get('doc:stock')?.getConnectionsCount() === 1 && ada.isSynced)
    ada.destroy()
    await until(() => documents.size === 0)
  })

  it('[DOC30] negative control: without the look at the transaction, all later edits are acknowledged and none is stored', async () => {
    vi.spyOn(RoomDocument.prototype, 'intact', 'get').mockReturnValue(true)
    vi.spyOn(RoomDocument.prototype, 'reached').mockReturnValue(true)
    const fault = throwing('update')
    const ada = provider(await stockServer(fault.extension), 'ada')
    await saved(ada)
    fault.arm()
    contentOf(ada).insert(0, 'lost')
    await until(() => fault.thrown() === 1)
    for (let i = 0; i < 20; i += 1) contentOf(ada).insert(0, 'x')
    await saved(ada)
    expect(await entries()).toBe(0)
  })
})

const TRUSTING = fileURLToPath(new URL('../support/trusting-server.ts', import.meta.url))

it('[DOC31] an update at which Yjs throws half-way is not acknowledged, and the room is loaded anew from its log', async () => {
  const server = await startServer({ entry: TRUSTING })
  onTestFinished(() => server.dispose())
  const room = 'doc:half'
  const ada = connectProvider({ wsUrl: server.wsUrl, room, token: await server.token('ada') })
  onTestFinished(() => ada.destroy())
  await ada.saved()
  ada.edits.push(['one'])
  await ada.saved()
  const mallory = await RawClient.connect({ wsUrl: server.wsUrl, room, token: await server.token('mallory') })
  await mallory.shake()
  mallory.update(updateOf([{ client: MALLORY, structs: [gc(5)] }]))
  await until(() => mallory.statuses.length === 2)
  mallory.update(
    updateOf([{ client: MALLORY, structs: [item(MALLORY, CONTENT.string, text('forged history'))] }]),
  )
  await until(() => mallory.closed !== undefined)
  expect(mallory.statuses).toEqual([true, true])
  // Everybody is back by themselves, and goes on.
  await until(() => ada.closes.length > 0)
  ada.edits.push(['two'])
  await ada.saved()
  const other = connectProvider({ wsUrl: server.wsUrl, room: 'doc:other', token: await server.token('ada') })
  await other.saved()
  other.destroy()
  ada.destroy()
  expect(await readRoom(server, room)).toEqual(['one', 'two'])
  expect(server.output().match(/a document has broken/g)).toHaveLength(1)
  expect(await query(server.databaseUrl, 'select 1 from rooms where quarantined_at is not null')).toEqual([])
})
