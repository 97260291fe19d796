import { describe, expect, it, vi } from 'vitest'
import * as Y from 'yjs'
import { stateAt } from '../../server/history/positions/state.ts'
import { thinRoom } from '../../server/history/retention/retain.ts'
import { indexedTo } from '../../server/history/timeline/activity.ts'
import { RoomHistory, type RoomHistoryLimits } from '../../server/history/workers/room-history.ts'
import { contentOf, replays } from './replay.ts'
import { blocksOf, openHistory, START, Typist, write } from './support.ts'

const LARGE = 4_096
const SMALL: RoomHistoryLimits = { blockBytes: 4 * LARGE, documentBytes: 20 * LARGE }
const TOO_LARGE = { code: 'history-too-large', status: 422, retryable: false }

/** A room of 40 large values, each in the place of the one before it, and a word beside each. */
async function largeRoom(bytes = LARGE) {
  const fixture = await openHistory()
  const typist = new Typist()
  for (let i = 1; i <= 40; i += 1) {
    typist.edit(i * 1_000, 'ada', (doc) => doc.getMap('meta').set('photo', `${i} `.padEnd(bytes, 'x')))
    typist.type(i * 1_000 + 500, 'bob', `${i} `)
  }
  const entries = typist.entries.map((entry, index) => ({ ...entry, seq: index + 1 }))
  const room = await write(fixture.log, typist.entries)
  const open = (limits: RoomHistoryLimits = SMALL) => new RoomHistory(fixture.db.pool, room.id, limits)
  const blocks = async () => (await blocksOf(fixture.db, room)).map(({ lastSeq }) => lastSeq)
  return { ...fixture, entries, room, open, blocks }
}

type LargeRoom = Awaited<ReturnType<typeof largeRoom>>

/** Whether these positions are what a replay makes. */
async function holds({ entries }: LargeRoom, history: RoomHistory, seqs: readonly number[]) {
  for (const { seq, doc } of replays(entries, seqs)) {
    const read = new Y.Doc()
    Y.applyUpdate(read, await history.read(seq, (document) => stateAt(document, seq)))
    expect(contentOf(read), `at ${seq}`).toEqual(contentOf(doc))
  }
}

describe('a room of large values', () => {
  it('[HIS115] is indexed to its end in blocks of so many bytes, and read as far as it is held', async () => {
    const large = await largeRoom()
    const history = large.open()
    const held: number[] = []
    const { pool } = large.db
    const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<never>
    vi.spyOn(pool, 'query').mockImplementation((...args: unknown[]) => {
      held.push(history.bytes)
      return query(...args)
    })
    expect(await history.index(80, START)).toBe(true)
    expect(await indexedTo(large.db.pool, large.room.id)).toBe(80)
    const blocks = await large.blocks()
    expect(blocks).toEqual([7, 15, 23, 31, 39, 47, 55, 63, 71, 79])
    // The document with room for 20, and entries for a block beside it, of which some are in both.
    expect(Math.max(...held)).toBeLessThan(25 * LARGE)
    for (const reader of [history, large.open()]) {
      await holds(large, reader, [1, 20, 31])
      await expect(reader.read(80, () => 'read')).rejects.toMatchObject(TOO_LARGE)
      await holds(large, reader, [30])
    }
  })

  it('[HIS115] is refused at what is not held, and read before that, also where nothing of it was indexed', async () => {
    const large = await largeRoom()
    await expect(large.open().read(80, () => 'read')).rejects.toMatchObject(TOO_LARGE)
    await large.db.pool.query('delete from history_blocks')
    const history = large.open()
    await holds(large, history, [30])
    await expect(history.read(70, () => 'read')).rejects.toMatchObject(TOO_LARGE)
    expect(await large.blocks()).toHaveLength(8)
  })

  it('[HIS115] has a control: with room for it every position is read', async () => {
    const large = await largeRoom()
    await holds(large, large.open({}), [1, 40, 80])
    expect(await large.blocks()).toEqual([])
    await holds(large, large.open({ ...SMALL, documentBytes: 100 * LARGE }), [1, 40, 80])
  })

  it('[HIS115] is not thinned where it is more than can be held, and loses nothing', async () => {
    const { db, room, entries } = await largeRoom()
    await db.pool.query(`update rooms set changed_at = to_timestamp($1 / 1000.0)`, [START])
    const cutoffs = { sessions: Date.now(), versions: undefined }
    const thin = (mostBytes?: number) => thinRoom(db.pool, room.id, cutoffs, { dryRun: false, mostBytes })
    await expect(thin(20 * LARGE)).rejects.toMatchObject(TOO_LARGE)
    const rows = 'select count(*)::int as rows from room_updates'
    expect((await db.pool.query(rows)).rows).toEqual([{ rows: entries.length }])
    expect(await thin()).toMatchObject({ first: 1, last: 80 })
  })

  it('[HIS115] is not thinned where that takes more memory than a thread has', async () => {
    const { db, room } = await largeRoom(512 * 1024)
    await db.pool.query(`update rooms set changed_at = to_timestamp($1 / 1000.0)`, [START])
    const cutoffs = { sessions: Date.now(), versions: undefined }
    const thin = (memory?: number) => thinRoom(db.pool, room.id, cutoffs, { dryRun: true, memory })
    await expect(thin(32)).rejects.toMatchObject(TOO_LARGE)
    expect(await thin(), 'control').toMatchObject({ first: 1, last: 80 })
  })
})
