import { describe, expect, it, onTestFinished } from 'vitest'
import type { Log } from '../../server/log/log.ts'
import type { Commit, RoomLog } from '../../server/log/room-log.ts'
import type { Database } from '../../server/storage/database.ts'
import { query } from '../support/blocked-database.ts'
import { connectTo, database, entry, fill, openLog, openRoom, textsOf } from './fixture.ts'
import { startProxy } from './postgres-proxy.ts'

const gone = { code: 'storage-unavailable' }
/** Bounds a question, in ms. */
const SOON = 3_000

/** The database forgets the room's last entries, and the last batches of whoever wrote them. */
async function goBack(url: string, { id }: RoomLog, entries: number, lanes: readonly string[] = []) {
  await query(url, `update rooms set head = head - ${entries} where id = ${id}`)
  await query(url, `delete from room_updates where seq > (select head from rooms where id = ${id})`)
  await query(url, 'update log_lanes set batch = batch - 1 where id = any($1::uuid[])', [lanes])
}

const lanesOf = async (url: string, above = 0): Promise<readonly string[]> =>
  (await query<{ id: string }>(url, `select id from log_lanes where batch > ${above}`)).map(({ id }) => id)

async function cutEverybody(url: string): Promise<void> {
  await query(
    url,
    // Which waits until each is gone: a pool that had not heard of it would ask over it.
    'select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
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
  await goBack(url, room, 1, await lanesOf(url))
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
  const { url, db } = await database()
  const proxy = await startProxy(url)
  onTestFinished(() => proxy.close())
  const { connect } = await connectTo(proxy.url)
  const log = openLog({ ...db, connect })
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
  await query(url, 'update rooms set head = 1')
  await log.refresh(room)
  expect(room.ended).toBe('storage-unavailable')
  await query(url, 'update rooms set head = 3')
  proxy.fate = {}
  proxy.restore()
  await expect.poll(() => log.state.lanes.busy).toBe(0)
  const anew = await openRoom(log)
  await fill(anew, 1, 'anew ')
  expect(await textsOf(log)).toEqual(['1', '2', 'not heard of', 'anew 1'])
})

/** A log whose next question of that name is answered by the database at once, and heard of late. */
function openSlowLog(db: Database, name: string) {
  const answered = Promise.withResolvers<void>()
  const late = Promise.withResolvers<void>()
  let slow = true
  const query = async (...question: Parameters<typeof db.pool.query>) => {
    const answer = await db.pool.query(...question)
    const [{ name: asked }] = question as unknown as [{ name?: string }]
    if (asked === name && slow) {
      slow = false
      answered.resolve()
      await late.promise
    }
    return answer
  }
  const log = openLog({ ...db, pool: Object.create(db.pool, { query: { value: query } }) })
  let told = 0
  log.onGoneBack(() => {
    told += 1
  })
  return { log, answered: answered.promise, hear: late.resolve, told: () => told }
}

it('[LOG17] a head that is behind what was known when it was asked tells that the database has gone back; an older answer does not', async () => {
  const { url, db } = await database()
  const { log, answered, hear } = openSlowLog(db, 'heads')
  const room = await openRoom(log)
  await fill(room, 1)
  const looking = log.refreshAll(SOON)
  await answered
  await fill(room, 1)
  hear()
  await looking
  expect([room.ended, room.known]).toEqual([undefined, 2])
  await goBack(url, room, 1)
  await log.refreshAll(SOON)
  expect(room.ended).toBe('storage-unavailable')
})

it.each([
  ['heads', (log: Log) => log.refreshAll(SOON)],
  ['find room to open', (log: Log) => openRoom(log, 'doc:other')],
] as const)(
  '[LOG16] is noticed once, though what the database answered before is heard of after: %s',
  async (name, ask) => {
    const { url, db } = await database()
    const witness = openLog(await connectTo(url))
    const room = await openRoom(witness)
    await openRoom(witness, 'doc:other')
    const { log, answered, hear, told } = openSlowLog(db, name)
    if (name === 'heads') await openRoom(log)
    await fill(room, 3)
    const asking = ask(log)
    await answered
    if (name !== 'heads') await openRoom(log)
    await log.refreshAll(SOON)
    await goBack(url, room, 1, await lanesOf(url))
    await log.refreshAll(SOON)
    hear()
    await asking
    const anew = await openRoom(log)
    await log.refreshAll(SOON)
    expect([anew.ended, anew.known, told()]).toEqual([undefined, 2, 1])
  },
)

it('[LOG16] a standby that is not promoted yet has lost nothing: what it answers is no answer', async () => {
  const { url, db } = await database()
  const log = openLog(db)
  const room = await openRoom(log)
  await fill(room, 2)
  // As one that has not replayed the last commit: it says of itself that it is one.
  await query(
    url,
    'create function public.pg_is_in_recovery() returns boolean language sql as $$ select true $$',
  )
  await query(
    url,
    `do $$ begin execute format('alter database %I set search_path = public, pg_catalog', current_database()); end $$`,
  )
  const lanes = await lanesOf(url)
  await query(url, 'update log_lanes set batch = batch - 1 where id = any($1)', [lanes])
  await cutEverybody(url)
  await expect
    .poll(() => log.refreshAll(SOON).catch((error: unknown) => error))
    .toMatchObject({ code: '57P03' })
  room.append(entry('waits'))
  await expect.poll(() => log.state.failure).toMatchObject({ code: '57P03' })
  await query(url, 'update log_lanes set batch = batch + 1 where id = any($1)', [lanes])
  await query(url, 'drop function public.pg_is_in_recovery()')
  await room.durable()
  expect(await textsOf(log)).toEqual(['1', '2', 'waits'])
})

const hearsay: Record<string, (log: Log, room: RoomLog, write: () => Promise<Commit>) => Promise<void>> = {
  'was told of it': async (log, room, write) => log.received(room, await write()),
  'has seen it': async (log, _, write) => {
    await write()
    await log.refreshAll(SOON)
  },
  'has opened its room since': async (log, _, write) => {
    await write()
    await openRoom(log)
  },
}

describe.each(Object.entries(hearsay))('a node that %s', (_, hear) => {
  /** Somebody has written an entry that is lost with the node that wrote it, and somebody else in its place. */
  async function startNodes(before: (url: string, room: RoomLog) => Promise<unknown>) {
    const { url, db } = await database()
    const [gone, log] = [openLog(db), openLog(await connectTo(url))]
    const [its, room] = [await openRoom(gone), await openRoom(log)]
    await fill(await openRoom(log, 'doc:own'), 1)
    await fill(its, 2)
    await log.refreshAll(SOON)
    await hear(log, room, async () => {
      const committed = Promise.withResolvers<Commit>()
      its.onCommit(committed.resolve)
      await fill(its, 1)
      return committed.promise
    })
    expect(room.known).toBe(3)
    await gone.abandon()
    await before(url, room)
    const third = openLog(await connectTo(url))
    await fill(await openRoom(third), 1, 'in its place ')
    return { url, log, room, third }
  }
  /** With the last batch of the node that is gone. */
  const lose = async (url: string, room: RoomLog) => goBack(url, room, 1, await lanesOf(url, 1))

  it('[LOG16] notices the loss as it asks', async () => {
    const { log, room } = await startNodes(lose)
    // What it reads now is of the new database, and takes nothing back of what it knew.
    await openRoom(log, 'doc:opened since')
    await log.refreshAll(SOON)
    expect(room.ended).toBe('storage-unavailable')
    const anew = await openRoom(log)
    await log.refreshAll(SOON)
    expect(anew.ended).toBeUndefined()
  })

  it('[LOG16] writes nothing on it, and no snapshot', async () => {
    const { url, log, room, third } = await startNodes(lose)
    expect(await log.saveSnapshot(room.id, { seq: 3, state: new Uint8Array([1]) })).toBe(false)
    await cutEverybody(url)
    room.append(entry('on what was lost'))
    await expect(room.durable()).rejects.toMatchObject(gone)
    expect(await textsOf(third)).toEqual(['1', '2', 'in its place 1'])
  })

  it('[LOG16] control: goes on where nothing was lost, and others have committed long after', async () => {
    const { log, room } = await startNodes((url) =>
      query(url, `update log_lanes set used_at = now() - interval '2 minutes'`),
    )
    await log.refreshAll(SOON)
    expect(await log.saveSnapshot(room.id, { seq: 3, state: new Uint8Array([1]) })).toBe(true)
    await fill(room, 1, 'on all ')
    expect(await textsOf(log)).toEqual(['1', '2', '1', 'in its place 1', 'on all 1'])
  })
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
  await goBack(url, room, 1, await lanesOf(url))
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
