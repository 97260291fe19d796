import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import * as Y from 'yjs'
import { dropEvents } from '../../server/log/drop-events.ts'
import type { NewEntry } from '../../server/log/entry.ts'
import type { StoredEvent } from '../../server/log/events.ts'
import { RoomInventory } from '../../server/log/inventory.ts'
import type { Log } from '../../server/log/log.ts'
import { packRoom } from '../../server/log/pack.ts'
import { withLog } from '../../server/transfer/source.ts'
import { database, entriesOf, openLog, openRoom } from '../log/fixture.ts'
import { folder, QUIETLY, syncline } from './support.ts'

const OLD = 1_700_000_000_000
const YOUNG = OLD + 1_000_000
const QUERY = { scope: 'all', except: [], sort: 'changed', ascending: false, limit: 50 } as const

const event = (id: string, at: number, payload: unknown): NewEntry => ({
  actor: 'eve',
  at,
  bytes: Buffer.from(JSON.stringify(payload)),
  event: { type: 'build.log', id },
})

/** 3,000 entries, two of three are events; some packed, some old. */
async function spoken() {
  const { db, url } = await database()
  const log = openLog(db)
  const room = await openRoom(log, 'build:a')
  const doc = new Y.Doc()
  doc.on('update', (bytes: Uint8Array) => room.append({ actor: 'ada', at: OLD, bytes }))
  for (let i = 0; i < 1_000; i += 1) {
    doc.getText('content').insert(i, 'x')
    const at = i < 200 ? OLD : YOUNG
    room.append(event(`${i}`, at, { line: i, ok: true }))
    room.append(event(`${i} again`, at, ['ä', 'line\nbreak', 'or\u2028separator', null, 0.1]))
  }
  await room.durable()
  return { db, url, log, room, file: join(await folder(), 'a.log') }
}

const eventsOf = async (log: Log) =>
  log.events((await openRoom(log, 'build:a')).id, { after: 0, until: 10_000, limit: 10_000 })

it.each([false, true])(
  '[EVT67] exports and imports a log with its events, to the byte (some dropped: %s)',
  async (dropped) => {
    const { db, url, log, room, file } = await spoken()
    if (dropped) expect(await dropEvents(db.pool, room.id, YOUNG)).toBe(400)
    else await packRoom(db.pool, room.id)
    expect(await syncline(url, 'export', 'build:a', '--all', '--out', file)).toEqual({ code: 0, output: '' })
    const other = await database()
    expect((await syncline(other.url, 'import', file)).output).toContain('build:a imported')
    const copy = openLog(other.db)
    expect(await eventsOf(copy)).toEqual(await eventsOf(log))
    expect(await eventsOf(copy)).toHaveLength(dropped ? 1_600 : 2_000)
    expect(await entriesOf(copy, 'build:a')).toEqual(await entriesOf(log, 'build:a'))
    expect(await copy.eventsDropped((await openRoom(copy, 'build:a')).id)).toBe(dropped ? 600 : 0)
    await syncline(other.url, 'export', 'build:a', '--all', '--out', `${file}.again`)
    expect(await readFile(`${file}.again`)).toEqual(await readFile(file))
    // It goes on, knows the ids that it has, and the file is there already.
    const again = await openRoom(copy, 'build:a')
    again.append(event('999', YOUNG, { line: 999, ok: true }))
    again.append(event('new', YOUNG, {}))
    expect(await again.durable()).toBe(3_001)
    expect((await syncline(other.url, 'import', file)).output).toContain('there already')
    const changed = (await readFile(file, 'utf8')).replace('"line":999', '"line":998')
    await writeFile(file, changed)
    const { output, code } = await syncline((await database()).url, 'import', file)
    expect([code, output.includes('not as it was written')]).toEqual([1, true])
  },
  60_000,
)

it('[EVT67] exports a log as it was at one moment, also where its events are dropped meanwhile', async () => {
  const { db, log, room } = await spoken()
  const kept: StoredEvent[] = []
  const eventsAfter = await withLog(db.pool, { name: 'build:a' }, async ({ header, entries }) => {
    for await (const { seq, events = [] } of entries) {
      if (seq === 1) expect(await dropEvents(db.pool, room.id, YOUNG + 1)).toBe(2_000)
      kept.push(...events)
    }
    return header.eventsAfter
  })
  expect([kept.length, eventsAfter]).toEqual([2_000, undefined])
  expect(await eventsOf(log)).toEqual([])
})

it('[EVT67] verifies, weighs and erases rooms with events', async () => {
  const { db, url, log, room } = await spoken()
  // Or it packs on its own, between weighing and counting.
  await log.close()
  const inventory = new RoomInventory(db.pool)
  const weighed = async () => {
    await db.pool.query('delete from room_sizes')
    return (await inventory.list(QUERY))[0]?.room
  }
  const bytes = async () =>
    (
      await db.pool.query(`select (select coalesce(sum(size), 0) from room_events)
        + (select coalesce(sum(length(bytes)), 0) from room_updates)
        + (select coalesce(sum(length(bytes)), 0) from room_segments) as bytes`)
    ).rows[0].bytes
  for (const change of [
    async () => 0,
    () => packRoom(db.pool, room.id),
    () => dropEvents(db.pool, room.id, YOUNG),
  ]) {
    await change()
    expect(await weighed()).toMatchObject({ entries: 3_000, logBytes: Number(await bytes()), health: 'ok' })
    expect((await syncline(url, 'verify')).output).toContain('1 rooms verified, 0 damaged')
  }
  await db.pool.query('delete from room_events where seq = 2999')
  expect((await weighed())?.health).toBe('damaged')
  expect((await syncline(url, 'verify')).output).toContain('entry 2999 of the log is missing')
  expect(await openLog(db).erase('build:a', 'ada', QUIETLY)).toBe(true)
  expect((await db.pool.query('select from room_events')).rowCount).toBe(0)
}, 60_000)
