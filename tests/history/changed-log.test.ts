import { describe, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import type { History } from '../../server/history/history.ts'
import { thinRoom } from '../../server/history/retention/retain.ts'
import { SEVERAL } from '../../server/log/entry.ts'
import { DAY, type Session, typed, upTo } from './past.ts'
import { replays } from './replay.ts'
import { blocksOf, historyOf, openHistory, START, Typist, write } from './support.ts'

const NOW = Date.now()
const CUTOFFS = { sessions: NOW - 30 * DAY, versions: undefined }
const QUERY = { gap: 600_000, length: 4 * 3_600_000, namedOnly: false, limit: 20 }

const POLL = { timeout: 20_000 }

/** How much waits for a lock in this database. */
const WAITING = `select count(*)::int as locks from pg_locks
  where not granted and database = (select oid from pg_database where datname = current_database())`

const at = (seq: number) => ({ kind: 'seq', seq }) as const

/** A room in which old sessions were written and nothing since. */
async function oldRoom(sessions: readonly Session[]) {
  const fixture = await openHistory()
  const { db, log, history } = fixture
  const entries = typed(sessions).map((entry, index) => ({ ...entry, seq: index + 1 }))
  const room = await write(log, entries)
  await db.pool.query('update rooms set changed_at = to_timestamp($1 / 1000.0)', [entries.at(-1)?.at])
  const thin = () => thinRoom(db.pool, room.id, CUTOFFS, { dryRun: false })
  const left = async () => (await upTo(log, room.id, entries.length)).map(({ seq }) => seq)
  /** Every position of these is what a replay of the log as it was written makes. */
  const holds = async (reader: History, seqs: readonly number[]) => {
    for (const { seq, doc } of replays(entries, seqs)) {
      const { bytes } = await reader.content('doc:a', at(seq), 'yjs')
      const read = new Y.Doc()
      read.transact(() => Y.applyUpdate(read, bytes))
      expect(read.getText('content').toDelta(), `at ${seq}`).toEqual(doc.getText('content').toDelta())
      expect(read.getMap('meta').toJSON()).toEqual(doc.getMap('meta').toJSON())
      expect(read.getXmlFragment('default').toString()).toBe(doc.getXmlFragment('default').toString())
    }
  }
  return { ...fixture, entries, room, thin, left, holds, history }
}

const session = (daysAgo: number, people: readonly string[], edits: number): Session => ({
  at: NOW - daysAgo * DAY,
  people,
  edits,
})

describe('a room that retention has thinned', () => {
  it('[HIS19] has every position that is left, as it was; out of memory, the log and blocks made anew', async () => {
    const old = await oldRoom([
      session(90, ['ada'], 700),
      session(80, ['ada', 'bob'], 900),
      session(70, ['bob'], 2_650),
    ])
    await old.history.timeline('doc:a', QUERY)
    await old.holds(old.history, [1, 650, 3_999, 4_250])
    expect(await old.thin()).toMatchObject({ first: 1, last: 4_250 })
    const blocks = 'select first_seq::int as first, last_seq::int as last from history_blocks order by 1'
    expect((await old.db.pool.query(blocks)).rows).toEqual([])
    const left = await old.left()
    expect(left).toContain(2_000)
    // One that had the room in memory, whose newest entries are merged by now, and one that never saw it.
    for (const reader of [old.history, historyOf(old.db)]) await old.holds(reader, left)
    const later = { at: NOW, actor: 'cleo', bytes: Y.encodeStateAsUpdate(new Y.Doc()) }
    old.room.append(later)
    await old.room.durable()
    for (const reader of [old.history, historyOf(old.db)]) {
      await reader.timeline('doc:a', QUERY)
      await old.holds(reader, left)
    }
    expect((await old.db.pool.query(blocks)).rows).toEqual([
      { first: 1, last: 2_000 },
      { first: 2_001, last: 4_000 },
    ])
  }, 60_000)

  it('[HIS19] has no block that tells what is gone, though another node had read it before', async () => {
    const old = await oldRoom([session(90, ['ada'], 2_000), session(80, ['ada'], 100)])
    await old.db.pool.query(`update rooms set changed_at = 'epoch'`)
    const first = { sessions: NOW - 85 * DAY, versions: undefined }
    // The log's own packer may be at it.
    const thinFirst = () => thinRoom(old.db.pool, old.room.id, first, { dryRun: false })
    await expect.poll(thinFirst, { timeout: 20_000 }).toMatchObject({ last: 2_000 })
    await old.history.versions('doc:a', { limit: 1, namedOnly: false })
    // One block, and behind it a hundred entries that this node holds as they were written.
    await old.holds(old.history, [2_100])
    expect(await old.thin()).toMatchObject({ first: 2_001, last: 2_100 })
    const left = await old.left()
    const later = { at: NOW, actor: 'cleo', bytes: Y.encodeStateAsUpdate(new Y.Doc()) }
    for (let entries = 0; entries < 1_900; entries += 1) old.room.append(later)
    await old.room.durable()
    await old.history.timeline('doc:a', QUERY)
    const blocks = await blocksOf(old.db, old.room)
    expect(blocks.map(({ lastSeq }) => lastSeq)).toEqual([2_000, 4_000])
    const told = blocks
      .flatMap(({ inserts, deletes }) => [...inserts, ...deletes])
      .flatMap(({ seq, count }) => Array.from({ length: count }, (_, place) => seq + place))
    expect(told.filter((seq) => !left.includes(seq))).toEqual([])
    await old.holds(old.history, left)
  }, 60_000)

  it('[HIS19] refuses the moments that are gone, also what it had in memory, and names what is left', async () => {
    const old = await oldRoom([session(90, ['ada'], 30), session(80, ['ada', 'bob'], 40)])
    await old.holds(old.history, [20, 30])
    await old.thin()
    for (const reader of [old.history, historyOf(old.db)]) {
      await expect(reader.content('doc:a', at(20), 'yjs')).rejects.toMatchObject({
        code: 'position-gone',
        detail: expect.stringContaining('0 and 30'),
      })
      const text = { title: 'Gone', description: null, pinned: false }
      await expect(reader.nameVersion('doc:a', at(20), 'ada', text)).rejects.toMatchObject({
        code: 'position-gone',
      })
      await expect(
        reader.compare('doc:a', async (seqOf) => ({
          kind: 'diff',
          from: await seqOf(at(20)),
          to: await seqOf(at(70)),
          within: 60_000,
        })),
      ).rejects.toMatchObject({ code: 'position-gone' })
    }
  })

  it('[HIS19] keeps who did how much when, and says where a session can still be read', async () => {
    const old = await oldRoom([session(90, ['ada'], 30), session(80, ['ada', 'bob'], 40)])
    const query = { ...QUERY, gap: 15_000, limit: 100 }
    const before = await old.history.timeline('doc:a', query)
    // An entry that changes nothing is nobody's session, and some of these at random do not.
    const { rows } = await old.db.pool.query<{ edits: number }>(
      `select count(*)::int as edits from room_updates where bytes <> '\\x0000'`,
    )
    await old.thin()
    const { sessions } = await historyOf(old.db).timeline('doc:a', query)
    const facts = ({ before: _, after: __, ...session }: (typeof sessions)[number]) => session
    expect(sessions.map(facts)).toEqual(before.sessions.map(facts))
    expect(rows[0]?.edits).toBeGreaterThan(60)
    expect(new Set(before.sessions.map((one) => `${one.before} ${one.after}`)).size).toBe(rows[0]?.edits)
    expect(new Set(sessions.map((one) => `${one.before} ${one.after}`))).toEqual(new Set(['30 70', '0 30']))
  })

  it('[HIS19] shows who took part where its activity is made again from what is left', async () => {
    const old = await oldRoom([session(90, ['ada'], 30), session(80, ['ada', 'bob'], 40)])
    await old.thin()
    const { sessions } = await old.history.timeline('doc:a', QUERY)
    expect(
      sessions.map(({ firstSeq, lastSeq, people }) => [firstSeq, lastSeq, [...people.keys()].sort()]),
    ).toEqual([
      [31, 70, [SEVERAL, 'ada', 'bob']],
      [1, 30, ['ada']],
    ])
    expect(sessions.map(({ lastAt, firstAt }) => lastAt - firstAt)).toEqual([39 * 20_000, 29 * 20_000])
  })

  it('[HIS19] names and compares what is left', async () => {
    const old = await oldRoom([session(90, ['ada'], 30), session(80, ['ada', 'bob'], 40)])
    await old.thin()
    const text = { title: 'Kept', description: null, pinned: true }
    const version = await old.history.nameVersion('doc:a', at(30), 'ada', text)
    expect(version).toMatchObject({ seq: 30, at: new Date(old.entries[29]?.at ?? 0) })
    const { json } = await old.history.compare('doc:a', async (seqOf) => ({
      kind: 'diff',
      from: await seqOf(at(30)),
      to: await seqOf(undefined),
      within: 60_000,
    }))
    expect(JSON.parse(Buffer.from(json).toString())).toMatchObject({ from: 30, to: 70 })
    const blame = await old.history.compare('doc:a', async () => ({ kind: 'blame', at: 70, within: 60_000 }))
    expect(JSON.parse(Buffer.from(blame.json).toString())).toMatchObject({ at: 70 })
  })
})

it('[HIS57] a restore is of the room as it is by then, also where that has grown since it was asked for', async () => {
  const { log, history } = await openHistory()
  const typist = new Typist().type(0, 'ada', 'one')
  const room = await write(log, typist.entries)
  const planned = await history.compare('doc:a', async () => {
    for (const entry of typist.type(1_000, 'bob', ' two').entries.slice(1)) room.append(entry)
    await room.durable()
    await history.index('doc:a')
    const target = { kind: 'person', actor: 'bob', since: START, until: START + 1_000 } as const
    return { kind: 'restore', target, earlier: [] }
  })
  expect(planned.head).toBe(2)
  Y.applyUpdate(typist.doc, planned.update ?? new Uint8Array())
  expect(typist.doc.getText('content').toString()).toBe('one')
})

describe('a room that was erased', () => {
  it('[HIS20] is in no memory of history any more', async () => {
    const { db, history, log, room, holds, entries } = await oldRoom([session(90, ['ada'], 30)])
    await holds(history, [20, 30])
    expect(await log.erase('doc:a', 'ada', async () => undefined)).toBe(true)
    await expect(history.content('doc:a', at(20), 'yjs')).rejects.toMatchObject({ code: 'room-deleted' })
    // As if somebody took the tombstone away by hand: what is answered then comes out of memory alone.
    const undeleted = () => db.pool.query('update rooms set deleted_at = null')
    await undeleted()
    expect((await history.content('doc:a', at(20), 'yjs')).bytes.length, 'control').toBeGreaterThan(2)
    await history.forget(room.id)
    for (const seq of [20, entries.length])
      await expect(history.content('doc:a', at(seq), 'yjs')).rejects.toMatchObject({ code: 'room-damaged' })
  })

  it('[HIS20] is in none while a question of it goes on that takes long', async () => {
    const { db, history, log, room, holds } = await oldRoom([session(90, ['ada'], 30)])
    await holds(history, [20])
    const other = await db.pool.connect()
    onTestFinished(() => other.release(true))
    await other.query(`select pg_advisory_lock(hashtextextended('syncline.history', $1))`, [room.id])
    const indexed = history.index('doc:a').catch((error: unknown) => error)
    await expect.poll(async () => (await db.pool.query(WAITING)).rows, POLL).toEqual([{ locks: 1 }])
    expect(await log.erase('doc:a', 'ada', async () => undefined)).toBe(true)
    // As above.
    await db.pool.query('update rooms set deleted_at = null')
    const forgotten = history.forget(room.id)
    const asked = history.content('doc:a', at(20), 'yjs').catch((error: unknown) => error)
    await forgotten
    const damaged = expect.objectContaining({ code: 'room-damaged' })
    expect(await Promise.all([asked, indexed])).toEqual([damaged, damaged])
  })

  it('[HIS20] is in none though it was being read when it was forgotten', async () => {
    const { db, history, log, room } = await oldRoom([session(90, ['ada'], 30)])
    const other = await db.pool.connect()
    onTestFinished(() => other.release(true))
    await other.query('begin; lock table history_blocks')
    const asked = history.content('doc:a', at(20), 'yjs')
    await expect.poll(async () => (await db.pool.query(WAITING)).rows, POLL).toEqual([{ locks: 1 }])
    const forgotten = history.forget(room.id, 'to the end')
    await other.query('rollback')
    expect((await asked).bytes.length).toBeGreaterThan(2)
    await forgotten
    expect(await log.erase('doc:a', 'ada', async () => undefined)).toBe(true)
    // As above.
    await db.pool.query('update rooms set deleted_at = null')
    await expect(history.content('doc:a', at(20), 'yjs')).rejects.toMatchObject({ code: 'room-damaged' })
  })
})
