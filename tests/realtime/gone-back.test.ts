import type { Document, onLoadDocumentPayload, onStoreDocumentPayload } from '@hocuspocus/server'
import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { RoomDocument } from '../../server/documents/room-document.ts'
import type { Log } from '../../server/log/log.ts'
import { RoomLoader } from '../../server/realtime/room-loader.ts'
import { snapshotStore } from '../../server/realtime/snapshot-store.ts'
import { database, fill, openLog, openRoom, silent } from '../log/fixture.ts'
import { query } from '../support/blocked-database.ts'

/** A room whose document is open, with three entries of which the database then loses one. */
async function aheadOfItsLog() {
  const { url, db } = await database()
  const log = openLog(db)
  const room = await openRoom(log)
  const doc = new Y.Doc()
  const open = new RoomDocument(
    doc,
    room,
    { unsnapshotted: 0, bytes: 0 },
    { isLogged: () => false, actorOf: () => 'ada', incomingOf: () => undefined, onGap: () => undefined },
  )
  for (const word of ['1', '2', '3']) doc.getArray('edits').push([word])
  await room.durable()
  const lose = async () => {
    await query(url, 'update rooms set head = head - 1')
    await query(url, 'delete from room_updates where seq = 3')
  }
  return { url, log, room, open, lose }
}

it('[LOG17] no snapshot is written of a document that holds more than its log', async () => {
  const { url, log, room, open, lose } = await aheadOfItsLog()
  const store = snapshotStore(log, () => open)
  const data = { document: open.doc, documentName: 'doc:a' } as unknown as onStoreDocumentPayload
  const stored = () => query<{ seq: string }>(url, 'select seq from room_snapshots')
  await store.onStoreDocument(data)
  expect(await stored()).toEqual([{ seq: '3' }])
  await query(url, 'delete from room_snapshots')
  await lose()
  await store.onStoreDocument(data)
  expect(room.ended).toBe('storage-unavailable')
  expect(await stored()).toEqual([])
})

it('[LOG17] nor of one that was let go before that was noticed, where another has written in the place of what was lost', async () => {
  const { url, log, room, open, lose } = await aheadOfItsLog()
  const data = { document: open.doc, documentName: 'doc:a' } as unknown as onStoreDocumentPayload
  const noticing = {
    refresh: async () => {
      await lose()
      await log.refreshAll(3_000)
      await fill(await openRoom(log), 1)
      await log.refresh(room)
    },
    saveSnapshot: log.saveSnapshot.bind(log),
    get era() {
      return log.era
    },
  }
  // As of a room that nobody holds any more: it is not told.
  room.end = () => undefined
  await snapshotStore(noticing as unknown as Log, () => open).onStoreDocument(data)
  expect(await query(url, 'select from room_snapshots')).toEqual([])
  expect(log.era).toBe(1)
})

it('[LOG17] a room of which the database has lost something is opened as it is there, and not quarantined', async () => {
  const { url, log, lose } = await aheadOfItsLog()
  await lose()
  const loader = new RoomLoader(log, silent)
  const load = async () => {
    const document = new Y.Doc() as Document
    const data = { document, documentName: 'doc:a', context: {} } as unknown as onLoadDocumentPayload
    const { held } = await loader.load(data, undefined)
    held.release()
    return document.getArray('edits').toArray()
  }
  await expect(load()).rejects.toMatchObject({ code: 'storage-unavailable' })
  expect(await load()).toEqual(['1', '2'])
  expect(await query(url, 'select from rooms where quarantined_at is not null')).toEqual([])
})
