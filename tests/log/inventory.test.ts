import { describe, expect, it } from 'vitest'
import { type InventoryQuery, RoomInventory } from '../../server/log/inventory.ts'
import { packRoom } from '../../server/log/pack.ts'
import { quarantineRoom } from '../../server/log/rooms.ts'
import type { Database } from '../../server/storage/database.ts'
import { openHistory, Typist, write } from '../history/support.ts'
import { database, fill, openLog, openRoom } from './fixture.ts'

const QUERY: InventoryQuery = { scope: 'all', except: [], sort: 'changed', ascending: false, limit: 50 }
const noted = async () => undefined

const namesOf = async (db: Database, query: Partial<InventoryQuery> = {}) =>
  (await new RoomInventory(db.pool).list({ ...QUERY, ...query })).map(({ room }) => room.name)

/** So many rooms, each with an entry more than the one before it. */
async function rooms(count: number) {
  const { db } = await database()
  await db.pool.query(
    `insert into rooms (name, kind, created_by, head, changed_at, title)
     select 'doc:' || n, 'doc', 'ada', n, timestamptz '2026-01-01' + n * interval '1 minute', 'Title ' || n
     from generate_series(1, $1::int) n`,
    [count],
  )
  await db.pool.query(
    `insert into room_updates
     select id, seq, now(), 'ada', convert_to('entry', 'utf8') from rooms, generate_series(1, head) seq`,
  )
  return db
}

describe('the inventory of rooms', () => {
  it('[HIS112] has what stands in the log, packed or not, and what history and snapshots know', async () => {
    const { db, log, history } = await openHistory()
    const typist = new Typist()
    for (let edit = 0; edit < 2_500; edit += 1) typist.type(edit * 1000, edit < 2_499 ? 'ada' : 'bob', 'ab')
    const room = await write(log, typist.entries)
    await expect.poll(async () => (await packRoom(db.pool, room.id)) + (await rowsOf(db))).toBeLessThan(2_000)
    await history.index('doc:a')
    await log.saveSnapshot(room.id, { seq: 2_500, state: new Uint8Array(20_000) })
    const { rows } = await db.pool.query(
      `select (select sum(length(bytes)) from room_updates) + (select sum(length(bytes)) from room_segments) as bytes`,
    )
    await db.pool.query(`insert into people values ('bob', 'Bob')`)
    const [found] = await new RoomInventory(db.pool).list(QUERY)
    expect(found?.room).toMatchObject({
      name: 'doc:a',
      entries: 2_500,
      people: 2,
      recent: [
        { id: 'bob', name: 'Bob' },
        { id: 'ada', name: null },
      ],
      logBytes: Number(rows[0].bytes),
      stateBytes: 20_000,
      characters: 5_000,
      health: 'ok',
    })
  })

  it('[HIS112] counts a page, and nothing of the rooms beside it', async () => {
    const db = await rooms(300)
    expect(await namesOf(db, { limit: 3 })).toEqual(['doc:300', 'doc:299', 'doc:298'])
    const counted = 'select name from room_sizes join rooms on id = room_id order by id'
    expect((await db.pool.query(counted)).rows.map(({ name }) => name)).toEqual([
      'doc:298',
      'doc:299',
      'doc:300',
    ])
    await new RoomInventory(db.pool).measure(new AbortController().signal)
    expect((await db.pool.query(counted)).rowCount).toBe(300)
  })

  it('[HIS112] counts again what has changed since', async () => {
    const { db } = await database()
    const room = await openRoom(openLog(db))
    await fill(room, 10)
    const inventory = new RoomInventory(db.pool)
    const [before] = await inventory.list(QUERY)
    await fill(room, 10)
    const [after] = await inventory.list(QUERY)
    expect([before?.room.entries, after?.room.entries]).toEqual([10, 20])
    expect(after?.room.logBytes).toBe(2 * (before?.room.logBytes ?? 0))
  })

  it.each(['changed', 'entries', 'log'] as const)(
    '[HIS111] is sorted by %s either way, and pages without loss or repetition',
    async (sort) => {
      const db = await rooms(45)
      await db.pool.query(`update rooms set changed_at = '2026-02-01' where head % 3 = 0`)
      const inventory = new RoomInventory(db.pool)
      await inventory.measure(new AbortController().signal)
      for (const ascending of [true, false]) {
        const found: string[] = []
        let after: string | undefined
        do {
          const page = await inventory.list({ ...QUERY, sort, ascending, limit: 10, after })
          found.push(...page.map(({ room }) => room.name))
          after = page.at(-1)?.cursor
        } while (after !== undefined)
        const key = sort === 'changed' ? 'changed_at, id' : 'head'
        const { rows } = await db.pool.query(`select name from rooms order by ${key}`)
        const wanted = rows.map(({ name }) => name)
        expect(found).toEqual(ascending ? wanted : wanted.toReversed())
      }
    },
  )

  it('[HIS111] is sorted by size though nothing was counted before', async () => {
    const db = await rooms(60)
    await db.pool.query(`update room_updates set bytes = decode(repeat('00', 5000), 'hex')
      where room_id = (select id from rooms where name = 'doc:7') and seq = 1`)
    expect(await namesOf(db, { sort: 'log', limit: 2 })).toEqual(['doc:7', 'doc:60'])
  })

  it('[HIS111] is filtered by a part of the name or title, taken literally, and by health', async () => {
    const db = await rooms(30)
    expect(await namesOf(db, { search: 'TITLE 2', ascending: true, limit: 3 })).toEqual([
      'doc:2',
      'doc:20',
      'doc:21',
    ])
    expect(await namesOf(db, { search: 'oc:7' })).toEqual(['doc:7'])
    expect(await namesOf(db, { search: '%' })).toEqual([])
    const [, second] = (await db.pool.query('select id from rooms order by id')).rows
    await quarantineRoom(db.pool, second.id, 'took the process with it')
    expect(await namesOf(db, { health: 'quarantined' })).toEqual(['doc:2'])
  })

  it('[HIS113] says which rooms are damaged, quarantined or deleted, and by whom', async () => {
    const { db } = await database()
    const log = openLog(db)
    for (const name of ['ok', 'damaged', 'quarantined', 'deleted'])
      await fill(await openRoom(log, `doc:${name}`), 5)
    await db.pool.query(
      `delete from room_updates where seq = 3 and room_id = (select id from rooms where name = 'doc:damaged')`,
    )
    await quarantineRoom(db.pool, (await openRoom(log, 'doc:quarantined')).id, 'why')
    await log.erase('doc:deleted', 'eve', noted)
    const found = (await new RoomInventory(db.pool).list(QUERY)).map(({ room }) => room)
    const healths = Object.fromEntries(found.map(({ name, health }) => [name, health]))
    expect(healths).toEqual({
      'doc:ok': 'ok',
      'doc:damaged': 'damaged',
      'doc:quarantined': 'quarantined',
      'doc:deleted': 'deleted',
    })
    expect(await new RoomInventory(db.pool).countUnwell()).toEqual({ quarantined: 1, damaged: 1 })
    expect(found.find(({ name }) => name === 'doc:quarantined')).toMatchObject({ reason: 'why' })
    expect(found.find(({ name }) => name === 'doc:deleted')).toMatchObject({ deletedBy: 'eve', logBytes: 0 })
  })

  it('[HIS113] a room that is deleted while it is counted is left out', async () => {
    const db = await rooms(40)
    const log = openLog(db)
    const inventory = new RoomInventory(db.pool)
    const erasing = Promise.all(
      Array.from({ length: 40 }, (_, index) => log.erase(`doc:${index + 1}`, 'eve', noted)),
    )
    for (let round = 0; round < 10; round += 1) {
      await db.pool.query('update room_sizes set head = -1')
      await inventory.measure(new AbortController().signal)
    }
    await erasing
    expect((await db.pool.query('select from room_sizes')).rowCount).toBe(0)
  })
})

const rowsOf = async (db: Database) => (await db.pool.query('select from room_updates')).rowCount ?? 0
