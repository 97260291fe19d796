import { expect, it } from 'vitest'
import { type Entry, type NewEntry, NO_CHANGE } from '../../server/log/entry.ts'
import { packRoom } from '../../server/log/pack.ts'
import { read } from '../../server/log/read.ts'
import type { Commit, RoomLog } from '../../server/log/room-log.ts'
import { database, entry, fill, openLog, openRoom } from './fixture.ts'

const freshDb = async () => (await database()).db

const event = (id: string, payload: unknown = {}, actor = 'ada'): NewEntry => ({
  ...entry(JSON.stringify(payload), actor),
  event: { type: 'build.progress', id },
})

/** What a room's commits say, as they come. */
function commitsOf(room: RoomLog): Commit[] {
  const commits: Commit[] = []
  room.onCommit((commit) => commits.push(commit))
  return commits
}

async function all(entries: AsyncIterable<Entry>): Promise<readonly string[]> {
  const seen: string[] = []
  for await (const { seq, bytes } of entries)
    seen.push(
      bytes === NO_CHANGE || Buffer.compare(bytes, NO_CHANGE) === 0
        ? `${seq} event`
        : `${seq} ${Buffer.from(bytes)}`,
    )
  return seen
}

it('[EVT1] numbers edits and events of a room in one order', async () => {
  const log = openLog(await freshDb())
  const room = await openRoom(log)
  room.append(entry('a'))
  room.append(event('1', { share: 0.5 }))
  room.append(entry('b'))
  room.append(event('2'))
  expect(await room.durable()).toBe(4)
  expect(await all(log.read(room.id, 0, 4))).toEqual(['1 a', '2 event', '3 b', '4 event'])
  const events = await log.events(room.id, { after: 0, until: 4, limit: 10 })
  expect(
    events.map(({ seq, id, type, actor, payload }) => [seq, id, type, actor, JSON.parse(payload)]),
  ).toEqual([
    [2, '1', 'build.progress', 'ada', { share: 0.5 }],
    [4, '2', 'build.progress', 'ada', {}],
  ])
})

it('[EVT2] gives what has its id already the seq that it has, and numbers on without a gap', async () => {
  const db = await freshDb()
  const room = await openRoom(openLog(db))
  room.append(event('1', { a: 1, b: [2] }))
  await room.durable()
  const commits = commitsOf(room)
  const again = event('1', { b: [2], a: 1 })
  const other = event('1', { a: 2 })
  const byAnother = event('1', { a: 1, b: [2] }, 'eve')
  // One room is in one batch at a time, so these four are committed together.
  for (const entry of [again, event('2'), byAnother, event('3')]) room.append(entry)
  const before = room.durable()
  room.append(entry('edit'))
  expect(await before).toBe(3)
  expect(await room.durable()).toBe(4)
  room.append(other)
  expect(await room.durable()).toBe(4)
  const repeats = new Map(commits.flatMap((commit) => [...commit.repeats]))
  expect(repeats.get(again)).toEqual({ seq: 1, same: true })
  expect(repeats.get(byAnother)).toEqual({ seq: 1, same: false })
  expect(repeats.get(other)).toEqual({ seq: 1, same: false })
  const { rows } = await db.pool.query('select seq::int, id from room_events order by seq')
  expect(rows).toEqual([
    { seq: 1, id: '1' },
    { seq: 2, id: '2' },
    { seq: 3, id: '3' },
  ])
  expect(room.interleaved).toBe(false)
})

it('[EVT2] stores an event once that two nodes publish at the same moment', async () => {
  const db = await freshDb()
  const rooms = await Promise.all([openRoom(openLog(db)), openRoom(openLog(db))])
  const seqs = rooms.map(() => new Map<string, number>())
  rooms.forEach((room, node) => {
    room.onCommit(({ lastSeq, entries, repeats }) => {
      for (const [index, { event: name }] of entries.entries())
        seqs[node]?.set(name?.id ?? '', lastSeq - entries.length + 1 + index)
      for (const [{ event: name }, { seq, same }] of repeats) if (same) seqs[node]?.set(name?.id ?? '', seq)
    })
  })
  for (let i = 0; i < 200; i += 1) for (const room of rooms) room.append(event(String(i), { i }))
  await Promise.all(rooms.map((room) => room.durable()))
  expect(seqs[0]?.size).toBe(200)
  expect(seqs[0]).toEqual(seqs[1])
  const { rows } = await db.pool.query(
    'select count(*)::int as events, max(seq)::int as last from room_events',
  )
  expect(rows).toEqual([{ events: 200, last: 200 }])
})

it('[EVT5] packs edits with the events among them, and reads the same positions as before', async () => {
  const db = await freshDb()
  const log = openLog(db)
  const room = await openRoom(log)
  for (let i = 0; i < 3_000; i += 1) room.append(i % 3 === 1 ? event(String(i)) : entry(`edit ${i}`))
  await fill(room, 500)
  const head = await room.durable()
  const before = await all(read(db.pool, room.id, 0, head))
  expect(before).toHaveLength(3_500)
  const segments = async () =>
    (await db.pool.query('select first_seq::int, last_seq::int from room_segments order by 1')).rows
  // The log packs by itself as well, and each leaves to the other what it has begun.
  while ((await segments()).length < 2) await packRoom(db.pool, room.id)
  expect(await segments()).toEqual([
    { first_seq: 1, last_seq: 1_000 },
    { first_seq: 1_001, last_seq: 2_000 },
  ])
  expect(await all(read(db.pool, room.id, 0, head))).toEqual(before)
  expect(await all(read(db.pool, room.id, 1_700, 2_300))).toEqual(before.slice(1_700, 2_300))
  const edits = before.filter((line) => !line.endsWith('event') || Number(line.split(' ')[0]) <= 2_000)
  const read1 = (await all(read(db.pool, room.id, 0, head, 'edits'))).filter(
    (line) => !line.endsWith('event'),
  )
  expect(read1).toEqual(edits.filter((line) => !line.endsWith('event')))
  expect(await log.events(room.id, { after: 0, until: head, limit: 5_000 })).toHaveLength(1_000)
})

it('[EVT5] has a control: an event or an edit that is missing is found', async () => {
  const db = await freshDb()
  const room = await openRoom(openLog(db))
  for (let i = 0; i < 30; i += 1) room.append(i % 3 === 1 ? event(String(i)) : entry(`edit ${i}`))
  const head = await room.durable()
  await db.pool.query('delete from room_events where room_id = $1 and seq = 14', [room.id])
  for (const what of ['all', 'edits'] as const)
    await expect(all(read(db.pool, room.id, 0, head, what))).rejects.toThrow('entry 14 of the log is missing')
})

it('[EVT5] packs nothing of a room that has only events', async () => {
  const db = await freshDb()
  const room = await openRoom(openLog(db))
  for (let i = 0; i < 3_000; i += 1) room.append(event(String(i)))
  const head = await room.durable()
  expect(await packRoom(db.pool, room.id)).toBe(0)
  expect(await all(read(db.pool, room.id, 0, head, 'edits'))).toHaveLength(1)
})
