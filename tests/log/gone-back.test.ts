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
  log.onGoneBack((rooms) => told.push(rooms))
  other.onEnd((end) => told.push(end))
  await goBack(url, room, 2)
  room.append(entry('on 5'))
  await expect(room.durable()).rejects.toMatchObject(gone)
  room.append(entry('late'))
  await expect(room.durable()).rejects.toMatchObject(gone)
  expect(() => log.hold(room)).toThrow(expect.objectContaining(gone))
  expect(told).toEqual(['storage-unavailable', [room, other]])
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
