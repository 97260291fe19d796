import { expect, it } from 'vitest'
import type { Database } from '../../server/storage/database.ts'
import { blockWrites } from '../support/blocked-database.ts'
import { connectTo, countTo, database, entry, fill, openLog, openRoom, textsOf } from './fixture.ts'

async function held(log: ReturnType<typeof openLog>) {
  const room = await log.open('doc:a', 'ada')
  if (room === undefined) throw new Error('no room')
  return room
}

/** Holds the next row of a room back once it was read; returns what lets it through, and a promise of its being read. */
function holdRow(db: Database) {
  const [read, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const query = db.pool.query.bind(db.pool) as (...asked: unknown[]) => Promise<unknown>
  let held = false
  const slow = async (...asked: unknown[]) => {
    const answer = await query(...asked)
    if (!held && JSON.stringify(asked[0]).includes('find room')) {
      held = true
      read.resolve()
      await gate.promise
    }
    return answer
  }
  Object.assign(db.pool, { query: slow })
  return { read: read.promise, go: () => gate.resolve() }
}

it('[LOG1] opens a room where it is, also when others go on and let it go while its row is read', async () => {
  const { db } = await database()
  const log = openLog(db)
  const before = await held(log)
  const row = holdRow(db)
  const opening = held(log)
  await row.read
  before.room.append(entry('1'))
  before.release()
  await before.room.settled()
  await new Promise(setImmediate)
  row.go()
  const { room } = await opening
  expect(room).not.toBe(before.room)
  expect(room.head).toBe(1)
  room.append(entry('2'))
  expect(await room.durable()).toBe(2)
  expect(room.interleaved).toBe(false)
})

it('[LOG1] keeps one queue a room while anything waits in it, however often it was let go', async () => {
  const { db, url } = await database()
  const log = openLog(db)
  const first = await held(log)
  const unblock = await blockWrites(url)
  first.room.append(entry('1'))
  first.release()
  const second = await held(log)
  expect(second.room).toBe(first.room)
  // Once the first is on its way, so that the second goes with the next batch.
  while (first.room.phase !== 'in flight') await new Promise(setImmediate)
  second.room.append(entry('2'))
  second.release()
  const row = holdRow(db)
  const opening = held(log)
  await row.read
  first.room.onCommit(({ lastSeq }) => {
    if (lastSeq === 1) setImmediate(row.go)
  })
  await unblock()
  const third = await opening
  expect(third.room).toBe(first.room)
  third.room.append(entry('3'))
  await third.room.durable()
  expect(await textsOf(log)).toEqual(countTo(3).map(String))
})

it('[LOG1] takes a document that is loaded for what the log holds, also while an entry is on its way', async () => {
  const { url, db } = await database()
  const [here, there] = [await openRoom(openLog(db)), await openRoom(openLog(await connectTo(url)))]
  there.append(entry('1'))
  await there.durable()
  here.append(entry('2'))
  await here.durable()
  expect(here.interleaved).toBe(true)
  here.append(entry('3'))
  here.reopened()
  expect(here.interleaved).toBe(false)
  await here.durable()
  expect(here.interleaved).toBe(false)
  // Not where another's stands before what was on its way.
  here.append(entry('4'))
  await here.durable()
  there.append(entry('5'))
  await there.durable()
  here.append(entry('6'))
  here.reopened()
  await here.durable()
  expect(here.interleaved).toBe(true)
})

it('[CONV14] who waits for what another node wrote goes on where the document is loaded with it', async () => {
  const { url, db } = await database()
  const room = await openRoom(openLog(db))
  await fill(await openRoom(openLog(await connectTo(url))), 2)
  const waited = room.integrates(2)
  room.heard(2)
  room.reopened()
  await waited
  expect(room.integrated).toBe(2)
})

it('[LOG1] asks once for a room to which many come at once, and again for who comes later', async () => {
  const { db } = await database()
  const log = openLog(db)
  await held(log)
  let asked = 0
  const query = db.pool.query.bind(db.pool) as (...asked: unknown[]) => Promise<unknown>
  Object.assign(db.pool, {
    query: (...question: unknown[]) => {
      asked += 1
      return query(...question)
    },
  })
  const crowd = await Promise.all(countTo(50).map(() => log.ensure('doc:a', undefined)))
  expect(new Set(crowd)).toEqual(new Set([true]))
  expect(asked).toBe(1)
  await log.ensure('doc:a', undefined)
  expect(asked).toBe(2)
  expect(await Promise.all([log.ensure('doc:new', undefined), log.ensure('doc:new', 'ada')])).toEqual([
    false,
    true,
  ])
})
