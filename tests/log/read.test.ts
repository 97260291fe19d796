import type { QueryConfig } from 'pg'
import { describe, expect, it } from 'vitest'
import { packRoom } from '../../server/log/pack.ts'
import { read } from '../../server/log/read.ts'
import type { Queryable } from '../../server/storage/transaction.ts'
import { connectTo, countTo, database, entriesOf, entry, fill, openLog, openRoom } from './fixture.ts'

/** A room of 3,500 entries, of which packing takes 2,000; nothing has packed it yet. */
async function longRoom() {
  const { url, db } = await database()
  const log = openLog(db)
  const { id } = await openRoom(log)
  await db.pool.query(
    `insert into room_updates
     select $1, n, to_timestamp(1700000000 + n / 1000.0), 'ada ' || n % 3, n::text::bytea
     from generate_series(1, 3500) as n`,
    [id],
  )
  await db.pool.query('update rooms set head = 3500 where id = $1', [id])
  return { url, db, log, room: await openRoom(log) }
}

const damaged = expect.objectContaining({ code: 'room-damaged' })

describe('reading', () => {
  it('[LOG6] gives what stands after a seq, up to another, also across segments', async () => {
    const { log, db, room } = await longRoom()
    await packRoom(db.pool, room.id)
    for (const [after, until] of [
      [0, 3_500],
      [0, 1],
      [999, 1_001],
      [1_500, 2_700],
      [3_499, 3_500],
      [3_500, 3_500],
    ] as const) {
      const seqs: number[] = []
      for await (const { seq } of log.read(room.id, after, until)) seqs.push(seq)
      expect(seqs).toEqual(countTo(until).slice(after))
    }
  })

  it('[LOG6] fetches no more of large entries at a time than a page holds, and misses none', async () => {
    const { log, db, room } = await longRoom()
    const large = 1024 * 1024
    await db.pool.query(
      `update room_updates set bytes = convert_to(repeat('x', $1), 'utf8') where seq % 50 = 0`,
      [large],
    )
    const pages: number[] = []
    const noting = {
      query: async (question: QueryConfig) => {
        const result = await db.pool.query<{ bytes: Uint8Array }>(question)
        pages.push(result.rows.reduce((sum, { bytes }) => sum + bytes.length, 0))
        return result
      },
    } as Queryable
    const seqs: number[] = []
    for await (const { seq } of read(noting, room.id, 0, 3_500)) seqs.push(seq)
    expect(seqs).toEqual(countTo(3_500))
    expect(pages).toHaveLength(5)
    for (const bytes of pages) expect(bytes).toBeLessThan(17 * large)
    // What is missing is found at the end of a page as within it.
    for (const missing of [801, 3_000]) {
      await db.pool.query('delete from room_updates where seq = $1', [missing])
      await expect(entriesOf(log)).rejects.toThrow(`entry ${missing} of the log is missing`)
      await db.pool.query(`insert into room_updates values ($1, $2, now(), 'ada', '\\x00')`, [
        room.id,
        missing,
      ])
    }
    expect(await entriesOf(log)).toHaveLength(3_500)
  })

  it('[LOG6] reports an entry that is missing, at the end as in the middle', async () => {
    const { log, db } = await longRoom()
    await db.pool.query('delete from room_updates where seq = 3500')
    await expect(entriesOf(log)).rejects.toEqual(damaged)
    await db.pool.query('delete from room_updates where seq = 2')
    await expect(entriesOf(log)).rejects.toThrow('entry 2 of the log is missing')
    await db.pool.query('delete from room_updates')
    await expect(entriesOf(log)).rejects.toThrow('entry 1 of the log is missing')
  })

  it('[LOG6] passes on a database that fails, as an error', async () => {
    const { log, url } = await longRoom()
    const other = await connectTo(url)
    await other.pool.query('alter table room_updates rename to elsewhere')
    await expect(entriesOf(log)).rejects.toThrow('does not exist')
  })
})

describe('packing', () => {
  it('[LOG7] keeps every seq, time, actor and byte, and the newest entries as rows', async () => {
    const { log, db, room } = await longRoom()
    const before = await entriesOf(log)
    expect(await packRoom(db.pool, room.id)).toBe(2_000)
    expect(await entriesOf(log)).toEqual(before)
    expect(before[1_233]).toMatchObject({ seq: 1_234, at: 1_700_000_001_234, actor: 'ada 1' })
    const { rows } = await db.pool.query(`
      select (select count(*)::int from room_updates) as rows, first_seq::int, last_seq::int,
        extract(epoch from first_at)::float8 as first_at
      from room_segments order by last_seq`)
    expect(rows).toEqual([
      { rows: 1_500, first_seq: 1, last_seq: 1_000, first_at: 1_700_000_000.001 },
      { rows: 1_500, first_seq: 1_001, last_seq: 2_000, first_at: 1_700_000_001.001 },
    ])
    expect(await packRoom(db.pool, room.id)).toBe(0)
  })

  it('[LOG7] loses nothing while two nodes pack, one writes and one reads', async () => {
    const { log, db, room, url } = await longRoom()
    const other = await connectTo(url)
    let writing = true
    const write = async () => {
      for (let i = 3_501; i <= 6_000; i += 1) {
        room.append(entry(`${i}`))
        if (i % 50 === 0) await room.durable()
      }
      writing = false
    }
    const pack = async (pool: typeof db.pool) => {
      while (writing) await packRoom(pool, room.id)
    }
    const read = async () => {
      while (writing) {
        const entries = await entriesOf(log)
        expect(entries.map(({ seq }) => seq)).toEqual(countTo(entries.length))
      }
    }
    await Promise.all([write(), pack(db.pool), pack(other.pool), read()])
    const texts = (await entriesOf(log)).map(({ bytes }) => Buffer.from(bytes).toString())
    expect(texts).toEqual(countTo(6_000).map(String))
    expect((await db.pool.query('select from room_segments')).rowCount).toBeGreaterThanOrEqual(2)
  })

  it('[LOG7] happens by itself as a room grows', async () => {
    const { db } = await database()
    const log = openLog(db)
    await fill(await openRoom(log), 3_500)
    await log.close()
    expect((await db.pool.query('select from room_segments')).rowCount).toBeGreaterThanOrEqual(1)
    expect(await entriesOf(log)).toHaveLength(3_500)
  })

  it('[LOG8] a segment that was changed is reported, and entries after it are still there', async () => {
    const { log, db, room } = await longRoom()
    await packRoom(db.pool, room.id)
    await db.pool.query(
      `update room_segments set bytes = set_byte(bytes, 200, get_byte(bytes, 200) # 1) where first_seq = 1`,
    )
    await expect(entriesOf(log)).rejects.toThrow('the segment that starts at entry 1 cannot be read')
    await expect(entriesOf(log)).rejects.toEqual(damaged)
    expect(await entriesOf(log, 'doc:a', 1_000)).toHaveLength(2_500)
  })
})

describe('a snapshot', () => {
  const seqsOf = async (log: ReturnType<typeof openLog>, room: Awaited<ReturnType<typeof openRoom>>) => {
    const seqs: number[] = []
    for await (const { seq } of log.snapshots(room.id)) seqs.push(seq)
    return seqs
  }

  it('[LOG8] that was damaged is passed over, and mended by the next at its seq', async () => {
    const { db } = await database()
    const log = openLog(db)
    const room = await openRoom(log)
    const state = Buffer.from('a state')
    await fill(room, 4)
    for (const seq of [1, 2, 3]) await log.saveSnapshot(room.id, { seq, state })
    expect(await seqsOf(log, room)).toEqual([3, 2])
    await db.pool.query(
      `update room_snapshots set state = set_byte(state, 10, get_byte(state, 10) # 1) where seq = 3`,
    )
    expect(await seqsOf(log, room)).toEqual([2])
    await log.saveSnapshot(room.id, { seq: 3, state })
    expect(await seqsOf(log, room)).toEqual([3, 2])
    await db.pool.query(`update room_snapshots set state = 'not zstd', hash = ''`)
    expect(await seqsOf(log, room)).toEqual([])
  })

  it('does not wait for a writer of the room, nor a writer for it', async () => {
    const { db } = await database()
    const log = openLog(db)
    const room = await openRoom(log)
    const client = await db.pool.connect()
    try {
      await client.query('begin')
      await client.query(`insert into room_snapshots values ($1, 1, now(), '', '')`, [room.id])
      await fill(room, 3)
      expect(room.committed).toBe(3)
    } finally {
      client.release(true)
    }
  })
})
