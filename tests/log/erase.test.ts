import { describe, expect, it } from 'vitest'
import { followDeletions } from '../../server/log/deletions.ts'
import { buryRoom, eraseRows, halfErased } from '../../server/log/erase.ts'
import { packRoom } from '../../server/log/pack.ts'
import type { Database } from '../../server/storage/database.ts'
import {
  connectTo,
  countTo,
  database,
  entry,
  fill,
  openLog,
  openRoom,
  startPulse,
  textsOf,
} from './fixture.ts'

const ROOM_TABLES = ['room_updates', 'room_segments', 'room_snapshots']
const silent = async () => undefined
const deleted = expect.objectContaining({ code: 'room-deleted' })

async function rowsOf(db: Database, room: number): Promise<number> {
  const counts = await Promise.all(
    ROOM_TABLES.map((table) => db.pool.query(`select from ${table} where room_id = $1`, [room])),
  )
  return counts.reduce((sum, { rowCount }) => sum + (rowCount ?? 0), 0)
}

/** A connection that has written a snapshot of the room and has not committed it. */
async function writingSnapshot(url: string, room: number) {
  const client = await (await connectTo(url)).connect()
  await client.query('begin')
  await client.query(`insert into room_snapshots values ($1, 1, now(), 'state', 'hash')`, [room])
  return client
}

describe('a room that was deleted', () => {
  it('[LOG12] takes no entries, and no other room waits for that', async () => {
    const { db, url } = await database()
    const [log, elsewhere] = [openLog(db), openLog(await connectTo(url))]
    const rooms = await Promise.all(countTo(40).map((number) => openRoom(log, `doc:${number}`)))
    const doomed = rooms[7]
    if (doomed === undefined) throw new Error('no room')
    for (let round = 1; round <= 30; round += 1) {
      for (const room of rooms) room.append(entry(`${round}`))
      if (round === 10) await elsewhere.erase('doc:8', 'eve', silent)
      else await new Promise(setImmediate)
    }
    await Promise.all(rooms.filter((room) => room !== doomed).map((room) => room.durable()))
    for (const number of countTo(40)) {
      if (number !== 8) expect(await textsOf(log, `doc:${number}`)).toEqual(countTo(30).map(String))
    }
    await expect.poll(() => log.state.entries).toBe(0)
    expect(log.state).toMatchObject({ bytes: 0, stalled: 0, failure: undefined })
    expect(await rowsOf(db, doomed.id)).toBe(0)
    expect(doomed.ended).toBe('room-deleted')
  })

  it('[LOG12] is told to whoever waits for their entries, and to whoever comes later', async () => {
    const { db } = await database()
    const log = openLog(db)
    const room = await openRoom(log)
    await fill(room, 3)
    let told = 0
    room.onEnd(() => {
      told += 1
    })
    await log.erase('doc:a', 'eve', silent)
    room.append(entry('late'))
    await expect(room.durable()).rejects.toEqual(deleted)
    room.append(entry('later'))
    await expect(room.durable()).rejects.toEqual(deleted)
    expect([told, room.committed]).toEqual([1, 3])
    await expect(log.open('doc:a', 'ada')).rejects.toEqual(deleted)
    await expect(log.ensure('doc:a', undefined)).rejects.toEqual(deleted)
    expect(await log.names()).toEqual([])
  })

  it('[LOG12] alone in its batch is refused as it is among others', async () => {
    const { db, url } = await database()
    const [log, elsewhere] = [openLog(db), openLog(await connectTo(url))]
    const [one, other] = [await openRoom(log, 'doc:one'), await openRoom(log, 'doc:other')]
    for (const name of ['doc:one', 'doc:other']) await elsewhere.erase(name, 'eve', silent)
    one.append(entry('alone'))
    await expect(one.durable()).rejects.toEqual(deleted)
    other.append(entry('1'))
    other.append(entry('2'))
    await expect(other.durable()).rejects.toEqual(deleted)
    expect((await db.pool.query('select from room_updates')).rowCount).toBe(0)
  })

  it('[LOG12] does not know its name until the tombstone is purged, which only an erased room’s can be', async () => {
    const { db } = await database()
    const log = openLog(db)
    await fill(await openRoom(log), 3)
    expect(await log.purge('doc:a', silent)).toBe(false)
    await buryRoom(db.pool, 'doc:a', 'eve', silent)
    expect(await log.purge('doc:a', silent)).toBe(false)
    await log.erase('doc:a', 'eve', silent)
    await log.erase('doc:a', 'eve', silent)
    expect(await log.purge('doc:a', silent)).toBe(true)
    expect(await log.erase('doc:a', 'eve', silent)).toBe(false)
    await fill(await openRoom(log), 1, 'new ')
    expect(await textsOf(log)).toEqual(['new 1'])
    const { rows } = await db.pool.query('select * from rooms where name is null')
    expect(Object.values(rows[0]).join(), 'what is left of the first').not.toMatch(/doc|ada|eve/)
  })
})

describe('a node that has not heard that a room was deleted', () => {
  it('[LOG15] is told by its next entries, alone or among others, also when the tombstone was purged and the name is in use again', async () => {
    const { db, url } = await database()
    const [here, there] = [openLog(db), openLog(await connectTo(url))]
    const names = ['doc:alone', 'doc:among', 'doc:other'] as const
    const [alone, among, other] = await Promise.all([
      openRoom(there, names[0]),
      openRoom(there, names[1]),
      openRoom(there, names[2]),
    ])
    for (const room of [alone, among, other]) await fill(room, 3)
    for (const name of names.slice(0, 2)) {
      await here.erase(name, 'eve', silent)
      await here.purge(name, silent)
      await fill(await openRoom(here, name), 2, 'new ')
    }
    alone.append(entry('late'))
    await expect(alone.durable()).rejects.toEqual(deleted)
    for (const room of [among, other]) for (const text of ['late', 'later']) room.append(entry(text))
    await expect(among.durable()).rejects.toEqual(deleted)
    expect(await other.durable()).toBe(5)
    expect(there.state).toMatchObject({ entries: 0, bytes: 0, stalled: 0, failure: undefined })
    for (const name of names.slice(0, 2)) expect(await textsOf(there, name)).toEqual(['new 1', 'new 2'])
    expect((await db.pool.query('select from room_updates')).rowCount).toBe(5 + 2 * 2)
  })

  it('[LOG15] has a control: where the row itself is gone it is the database that has lost the room', async () => {
    const { db, url } = await database()
    const log = openLog(db)
    const room = await openRoom(log)
    await openLog(await connectTo(url)).erase('doc:a', 'eve', silent)
    await db.pool.query('delete from rooms')
    room.append(entry('late'))
    await expect.poll(() => room.ended).toBe('storage-unavailable')
    expect(log.state).toMatchObject({ entries: 0, stalled: 0 })
  })

  it('[LOG15] hears of each tombstone once, and again when the room is erased, purged or not', async () => {
    const { db, url } = await database()
    const [here, there] = [openLog(db), await connectTo(url)]
    const names = ['doc:before', 'doc:buried', 'doc:erased', 'doc:purged']
    const [before, buried, erased, purged] = (
      await Promise.all(names.map((name) => openRoom(here, name)))
    ).map(({ id }) => id)
    await here.erase('doc:before', 'eve', silent)
    const heard: unknown[] = []
    const deletions = followDeletions((deletion) => heard.push([deletion.room, deletion.erased]))
    await deletions.start(startPulse(there), there.pool)
    expect(heard.splice(0)).toEqual([[before, true]])
    await buryRoom(db.pool, 'doc:buried', 'eve', silent)
    await here.erase('doc:erased', 'eve', silent)
    await here.erase('doc:purged', 'eve', silent)
    await here.purge('doc:purged', silent)
    await expect
      .poll(() => heard)
      .toEqual(
        expect.arrayContaining([
          [buried, false],
          [erased, true],
          [purged, true],
        ]),
      )
    await here.finishErasures(new AbortController().signal)
    await expect.poll(() => heard.at(-1)).toEqual([buried, true])
    expect(new Set(heard.map(String)).size).toBe(heard.length)
  })
})

describe('what is derived of a room', () => {
  it('[LOG13] is not written once the room is deleted', async () => {
    const { db } = await database()
    const log = openLog(db)
    const room = await openRoom(log)
    await fill(room, 3)
    await log.erase('doc:a', 'eve', silent)
    const late = log.saveSnapshot(room.id, { seq: 3, state: Buffer.from('a state') })
    await expect(late).rejects.toMatchObject({ code: 'SL002' })
    expect(await rowsOf(db, room.id)).toBe(0)
  })

  it('[LOG13] and is being written just now is waited for, and goes with the rest', async () => {
    const { db, url } = await database()
    const log = openLog(db)
    const room = await openRoom(log)
    await fill(room, 3)
    const writer = await writingSnapshot(url, room.id)
    let erased = false
    const erasing = log.erase('doc:a', 'eve', silent).then(() => {
      erased = true
    })
    const waiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    await expect.poll(async () => (await db.pool.query(waiting)).rowCount).toBeGreaterThan(0)
    expect(erased).toBe(false)
    await writer.query('commit')
    await erasing
    expect(await rowsOf(db, room.id)).toBe(0)
  })

  it('[LOG13] has a control: without the triggers, what was being written outlives the room', async () => {
    const { db, url } = await database()
    const log = openLog(db)
    const room = await openRoom(log)
    await fill(room, 3)
    await db.pool.query('drop trigger refuse_deleted_room on room_snapshots')
    await db.pool.query('alter table room_snapshots drop constraint room_snapshots_room_id_fkey')
    const writer = await writingSnapshot(url, room.id)
    await log.erase('doc:a', 'eve', silent)
    await writer.query('commit')
    expect(await rowsOf(db, room.id)).toBe(1)
  })

  it('[LOG13] goes while the packer is at it, however far it has come', async () => {
    const { db } = await database()
    const log = openLog(db)
    for (const packed of [0, ...countTo(4)]) {
      const name = `doc:packed-${packed}`
      const room = await openRoom(log, name)
      await db.pool.query(
        `insert into room_updates select $1, n, 'epoch', 'ada', n::text::bytea from generate_series(1, 6000) as n`,
        [room.id],
      )
      await db.pool.query('update rooms set head = 6000 where id = $1', [room.id])
      const packing = packRoom(db.pool, room.id).catch((error: unknown) => error)
      const segments = async () =>
        (await db.pool.query('select from room_segments where room_id = $1', [room.id])).rowCount
      await expect.poll(segments, { interval: 1 }).toBeGreaterThanOrEqual(packed)
      await log.erase(name, 'eve', silent)
      // It was done, found nothing more, or was told: whichever, nothing is left.
      expect(await packing).toSatisfy(
        (end: unknown) => typeof end === 'number' || (end as { code?: string }).code === 'SL002',
      )
      expect(await rowsOf(db, room.id)).toBe(0)
    }
  })

  it('[LOG13] has a trigger at every table, so that none forgets to ask', async () => {
    const { db } = await database()
    const { rows } = await db.pool.query<{ table_name: string; guarded: boolean }>(
      `select c.table_name, exists (
         select from information_schema.triggers t
         where t.event_object_table = c.table_name and t.trigger_name = 'refuse_deleted_room') as guarded
       from information_schema.columns c where c.column_name = 'room_id' and c.table_schema = current_schema()`,
    )
    expect(rows.map((row) => row.table_name)).toEqual(expect.arrayContaining(ROOM_TABLES))
    // The functions that insert entries look at the tombstone themselves, and triggers of theirs write what webhooks are told;
    // a note that a load has begun is no content.
    expect(
      rows
        .filter((row) => !row.guarded)
        .map((row) => row.table_name)
        .sort(),
    ).toEqual([
      'event_queue',
      'room_events',
      'room_loads',
      'room_updates',
      'webhook_changes',
      'webhook_deliveries',
    ])
  })
})

it('[LOG14] an erasure that was cut short is finished later, and stays one until then', async () => {
  const { db } = await database()
  const log = openLog(db)
  const [room, other] = [await openRoom(log), await openRoom(log, 'doc:b')]
  await fill(room, 50)
  await fill(other, 5)
  await buryRoom(db.pool, 'doc:a', 'eve', silent)
  await expect(log.open('doc:a', 'ada')).rejects.toEqual(deleted)
  expect(await rowsOf(db, room.id)).toBe(50)
  expect(await halfErased(db.pool)).toEqual([room.id])
  await log.finishErasures(new AbortController().signal)
  expect(await rowsOf(db, room.id)).toBe(0)
  expect(await halfErased(db.pool)).toEqual([])
  expect(await textsOf(log, 'doc:b')).toHaveLength(5)
  await eraseRows(db.pool, other.id)
  expect((await db.pool.query('select from rooms where erased_at is not null')).rowCount).toBe(1)
})

it('[LOG14] one that cannot be erased keeps no other from it', async () => {
  const { db } = await database()
  const log = openLog(db)
  const [room, other] = [await openRoom(log), await openRoom(log, 'doc:b')]
  for (const one of [room, other]) await fill(one, 5)
  for (const name of ['doc:a', 'doc:b']) await buryRoom(db.pool, name, 'eve', silent)
  await db.pool.query(`
    create function fail() returns trigger language plpgsql as $$ begin raise exception 'cannot'; end $$;
    create trigger fails before delete on room_updates for each row when (old.room_id = ${room.id})
    execute function fail()`)
  await expect(log.finishErasures(new AbortController().signal)).rejects.toThrow('could not be erased')
  expect(await halfErased(db.pool)).toEqual([room.id])
  expect([await rowsOf(db, room.id), await rowsOf(db, other.id)]).toEqual([5, 0])
})

it('[LOG14] what is told of a room, and to it, goes in parts', async () => {
  const { db } = await database()
  const log = openLog(db)
  const room = await openRoom(log)
  const ROWS = 20_001
  await db.pool.query(
    `with told as (insert into notifications (room_id, seq) select $1, n from generate_series(1, ${ROWS}) n)
     insert into webhook_deliveries (webhook_id, type, room_id, room, seq, at, data)
     select gen_random_uuid(), 'room.created', $1, 'doc:a', n, now(), '{}' from generate_series(1, ${ROWS}) n`,
    [room.id],
  )
  await db.pool.query(`
    create table parts (name text, size int);
    create function note_part() returns trigger language plpgsql as $$ begin
      insert into parts select tg_table_name, count(*) from gone having count(*) > 0;
      return null;
    end $$;
    create trigger notes_part after delete on webhook_deliveries referencing old table as gone
    for each statement execute function note_part();
    create trigger notes_part after delete on notifications referencing old table as gone
    for each statement execute function note_part()`)
  expect(await log.erase('doc:a', 'eve', silent)).toBe(true)
  const { rows } = await db.pool.query('select name, size from parts order by name, size desc')
  expect(rows).toEqual(
    ['notifications', 'webhook_deliveries'].flatMap((name) => [
      { name, size: ROWS - 1 },
      { name, size: 1 },
    ]),
  )
})

it('[LOG14] what a room has measured goes in parts, so that no transaction deletes millions of rows', async () => {
  const { db } = await database()
  const log = openLog(db)
  const [room, other] = [await openRoom(log, 'analytics:a'), await openRoom(log, 'analytics:b')]
  for (const { id } of [room, other])
    await db.pool.query(
      `with series as (
         insert into analytics_series (room_id, name, labels, key)
         select $1, 'a', '{}', sha256(n::text::bytea) from generate_series(1, 25) n returning id)
       insert into analytics_buckets select id, 60, now(), 'a sketch', 1 from series`,
      [id],
    )
  await db.pool.query(`
    create function refuse_many() returns trigger language plpgsql as $$ begin
      if (select count(*) from gone) > 10 then raise exception 'too many at once'; end if;
      return null;
    end $$;
    create trigger refuses_many after delete on analytics_series referencing old table as gone
    for each statement execute function refuse_many()`)
  expect(await log.erase('analytics:a', 'eve', silent)).toBe(true)
  const { rows } = await db.pool.query(
    'select s.room_id::int as room, count(*)::int from analytics_series s join analytics_buckets b on b.series_id = s.id group by 1',
  )
  expect(rows).toEqual([{ room: other.id, count: 25 }])
  expect(await halfErased(db.pool)).toEqual([])
})
