import type pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { HeadWatch } from '../../server/log/head-watch.ts'
import type { RoomLog } from '../../server/log/room-log.ts'
import { query } from '../support/blocked-database.ts'
import { connectTo, database, entry, fill, openLog, openRoom, silent, textsOf } from './fixture.ts'
import { startProxy } from './postgres-proxy.ts'

const gone = { code: 'storage-unavailable' }

/** The database forgets the room's last entries, and the last batches of whoever wrote them. */
async function goBack(url: string, { id }: RoomLog, entries: number, lanes: readonly string[] = []) {
  await query(url, `update rooms set head = head - ${entries} where id = ${id}`)
  await query(url, `delete from room_updates where seq > (select head from rooms where id = ${id})`)
  await query(url, 'update log_lanes set batch = batch - 1 where id = any($1::uuid[])', [lanes])
}

async function cutEverybody(url: string): Promise<void> {
  await query(
    url,
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  )
}

it('[LOG16] what builds on entries that the database has lost is not written; the room goes on from where it is', async () => {
  const { url, db } = await database()
  const log = openLog(db)
  const [room, other] = [await openRoom(log), await openRoom(log, 'doc:other')]
  await fill(room, 5)
  const told: unknown[] = []
  log.onGoneBack(() => told.push('gone back'))
  other.onEnd((end) => told.push(end))
  await goBack(url, room, 2)
  room.append(entry('on 5'))
  await expect(room.durable()).rejects.toMatchObject(gone)
  room.append(entry('late'))
  await expect(room.durable()).rejects.toMatchObject(gone)
  expect(() => log.hold(room)).toThrow(expect.objectContaining(gone))
  expect(told).toEqual(['storage-unavailable', 'gone back'])
  expect(other.ended).toBe('storage-unavailable')
  expect(log.state).toMatchObject({ entries: 0, bytes: 0, stalled: 0, failure: undefined })
  const anew = await openRoom(log)
  expect([anew === room, anew.known]).toEqual([false, 3])
  await fill(anew, 1, 'anew ')
  expect(await textsOf(log)).toEqual(['1', '2', '3', 'anew 1'])
})

it('[LOG16] so it is of events', async () => {
  const { url, db } = await database()
  const log = openLog(db)
  const room = await openRoom(log)
  await fill(room, 5)
  await goBack(url, room, 2)
  room.append({ ...entry('{}'), event: { type: 'x', id: '1', followed: false } })
  await expect(room.durable()).rejects.toMatchObject(gone)
  expect(await query(url, 'select from room_events')).toEqual([])
})

it('[LOG16] a node whose own entry is lost notices, also where another has written in its place', async () => {
  const { url, db } = await database()
  const [here, there] = [openLog(db), openLog(await connectTo(url))]
  const [room, same] = [await openRoom(here), await openRoom(there)]
  await fill(room, 3)
  const lanes = await query<{ id: string }>(url, 'select id from log_lanes where batch > 0')
  await goBack(
    url,
    room,
    1,
    lanes.map(({ id }) => id),
  )
  await cutEverybody(url)
  await there.refresh(same)
  same.append(entry('in its place'))
  await same.durable()
  room.append(entry('on what was lost'))
  await expect(room.durable()).rejects.toMatchObject(gone)
  const anew = await openRoom(here)
  await fill(anew, 1, 'anew ')
  expect(anew.ended).toBeUndefined()
  expect(await textsOf(here)).toEqual(['1', '2', 'in its place', 'anew 1'])
})

it('[LOG16] what was committed before that, and not heard of, is not taken for what comes after', async () => {
  const { url } = await database()
  const proxy = await startProxy(url)
  onTestFinished(() => proxy.close())
  const log = openLog(await connectTo(proxy.url))
  const room = await openRoom(log)
  await fill(room, 2)
  proxy.fate = {
    answer: () => {
      proxy.refuse()
      return 'lose'
    },
  }
  room.append(entry('not heard of'))
  await expect.poll(() => query(url, 'select head from rooms')).toEqual([{ head: '3' }])
  log.answered(room, room.known, room.known - 1)
  expect(room.ended).toBe('storage-unavailable')
  proxy.fate = {}
  proxy.restore()
  await expect.poll(() => log.state.lanes.busy).toBe(0)
  const anew = await openRoom(log)
  await fill(anew, 1, 'anew ')
  expect(await textsOf(log)).toEqual(['1', '2', 'not heard of', 'anew 1'])
})

it('[LOG17] a head that is behind what was known when it was asked tells that the database has gone back; an older answer does not', async () => {
  const { db } = await database()
  const log = openLog(db)
  const room = await openRoom(log)
  await fill(room, 1)
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<number>()
  const answers = [answer.promise, Promise.resolve(2)]
  const pool = {
    query: async () => {
      asked.resolve()
      return { rows: [{ id: room.id, head: await (answers.shift() ?? Promise.resolve(1)) }] }
    },
  }
  const heard: number[] = []
  const watch = new HeadWatch(
    pool as unknown as pg.Pool,
    () => log.openRooms(),
    (one, known, head) => {
      log.answered(one, known, head)
      heard.push(head)
    },
    silent,
  )
  watch.start()
  onTestFinished(() => watch.stop())
  await asked.promise
  await fill(room, 1)
  answer.resolve(1)
  await expect.poll(() => heard, { timeout: 5_000 }).toEqual([1, 2])
  expect(room.ended).toBeUndefined()
  await expect.poll(() => room.ended, { timeout: 5_000 }).toBe('storage-unavailable')
})

it('[LOG16] a room that is not there at all is of what was lost: its people find the one that has its name now', async () => {
  const { url, db } = await database()
  const log = openLog(db)
  const [room, read] = [await openRoom(log), await openRoom(log, 'doc:read')]
  await fill(room, 2)
  await fill(read, 1)
  await query(url, 'delete from rooms')
  room.append(entry('on what was lost'))
  await expect(room.durable()).rejects.toMatchObject(gone)
  expect([read.ended, log.state.entries, log.state.stalled]).toEqual(['storage-unavailable', 0, 0])
  const anew = await openRoom(log)
  await fill(anew, 1, 'anew ')
  await query(url, 'delete from rooms')
  await log.refresh(anew)
  expect(anew.ended).toBe('storage-unavailable')
})

it('[LOG16] a lane whose row is gone was lost with its batches', async () => {
  const { url, db } = await database()
  const log = openLog(db)
  const room = await openRoom(log)
  await fill(room, 3)
  // Another has written in the place of what was lost: heads say nothing.
  await query(url, 'delete from log_lanes')
  await cutEverybody(url)
  room.append(entry('on what was lost'))
  await expect(room.durable()).rejects.toMatchObject(gone)
})

it('[LOG16] is noticed once, by heads or by lanes, whichever is first', async () => {
  const { url, db } = await database()
  const log = openLog(db)
  const room = await openRoom(log)
  await fill(room, 3)
  let told = 0
  log.onGoneBack(() => {
    told += 1
  })
  const lanes = await query<{ id: string }>(url, 'select id from log_lanes where batch > 0')
  await goBack(
    url,
    room,
    1,
    lanes.map(({ id }) => id),
  )
  await log.refresh(room)
  expect([room.ended, told]).toEqual(['storage-unavailable', 1])
  await cutEverybody(url)
  const anew = await openRoom(log)
  await fill(anew, 2, 'anew ')
  expect([anew.ended, told]).toEqual([undefined, 1])
  expect(await textsOf(log)).toEqual(['1', '2', 'anew 1', 'anew 2'])
})

it('[LOG16] leaves nothing waiting of a room whose deletion was heard of before, and lost as well', async () => {
  const { url, db } = await database()
  const log = openLog(db)
  const room = await openRoom(log)
  await fill(room, 2)
  await goBack(url, room, 1)
  room.append(entry('on its way'))
  for (let turns = 0; log.state.lanes.busy === 0 && turns < 100; turns += 1) await Promise.resolve()
  expect(log.state.lanes.busy).toBe(1)
  log.deleted(room.id)
  await expect.poll(() => log.state).toMatchObject({ entries: 0, stalled: 0, lanes: { busy: 0 } })
})

it('[LOG17] a snapshot of what the database has lost is not written', async () => {
  const { url, db } = await database()
  const log = openLog(db)
  const room = await openRoom(log)
  await fill(room, 3)
  const state = new Uint8Array([1, 2, 3])
  expect(await log.saveSnapshot(room.id, { seq: 3, state })).toBe(true)
  await goBack(url, room, 1)
  expect(await log.saveSnapshot(room.id, { seq: 3, state })).toBe(false)
  expect(await log.saveSnapshot(room.id, { seq: 2, state })).toBe(true)
})
