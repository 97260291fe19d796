import { expect, it } from 'vitest'
import { dropEvents, roomsWithOldEvents } from '../../server/log/drop-events.ts'
import { type Entry, type NewEntry, NO_CHANGE } from '../../server/log/entry.ts'
import { packRoom } from '../../server/log/pack.ts'
import { read } from '../../server/log/read.ts'
import type { RoomLog } from '../../server/log/room-log.ts'
import { database, openLog, openRoom } from './fixture.ts'

const OLD = 1_700_000_000_000
const YOUNG = OLD + 1_000_000

const event = (id: string, at: number): NewEntry => ({
  actor: 'ada',
  at,
  bytes: Buffer.from('{}'),
  event: { type: 'build.progress', id },
})
const edit = (text: string, at: number): NewEntry => ({ actor: 'eve', at, bytes: Buffer.from(text) })

async function all(entries: AsyncIterable<Entry>) {
  const seen: { seq: number; at: number; actor: string; text: string }[] = []
  for await (const { seq, at, actor, bytes } of entries)
    seen.push({
      seq,
      at,
      actor,
      text: Buffer.compare(bytes, NO_CHANGE) === 0 ? 'event' : String(Buffer.from(bytes)),
    })
  return seen
}

/** Old entries, then young ones; every so manieth of them is an edit. */
async function grown(editEvery: number, { old = 2_500, young = 50 } = {}) {
  const { db } = await database()
  const log = openLog(db)
  const room = await openRoom(log, 'build:a')
  const append = (i: number, at: number) =>
    room.append(i % editEvery === 0 ? edit(`edit ${i}`, at + i) : event(`e${i}`, at + i))
  for (let i = 1; i <= old; i += 1) append(i, OLD)
  for (let i = 1; i <= young; i += 1) append(old + i, YOUNG)
  const head = await room.durable()
  const left = async () =>
    (await db.pool.query('select count(*)::int as events, min(seq)::int as first from room_events')).rows[0]
  return { db, log, room, head, left, positions: (at: RoomLog) => all(read(db.pool, at.id, 0, head)) }
}

it.each([7, 1_000_000])(
  '[EVT66] drops old events, and leaves every position as it was (an edit every %i)',
  async (editEvery) => {
    const { db, log, room, head, left, positions } = await grown(editEvery)
    const before = await positions(room)
    expect(before).toHaveLength(2_550)
    const young = before.filter(({ seq, text }) => seq > 2_500 && text === 'event')
    const dropped = before.filter(({ text }) => text === 'event').length - young.length
    expect(await dropEvents(db.pool, room.id, YOUNG)).toBe(dropped)
    expect(await left()).toEqual({ events: young.length, first: young[0]?.seq })
    expect(await positions(room)).toEqual(before)
    expect(await all(read(db.pool, room.id, 1_234, 2_345))).toEqual(before.slice(1_234, 2_345))
    expect(await log.eventsDropped(room.id)).toBe(
      before.findLast(({ seq, text }) => seq <= 2_500 && text === 'event')?.seq,
    )
    // Nothing is due any more, and what comes later goes on from there.
    expect(await dropEvents(db.pool, room.id, YOUNG)).toBe(0)
    room.append(edit('later', YOUNG))
    room.append(event('later', YOUNG))
    await room.durable()
    expect((await all(read(db.pool, room.id, 0, head + 2))).slice(-2).map(({ text }) => text)).toEqual([
      'later',
      'event',
    ])
  },
)

it('[EVT66] drops nothing that stands behind an event that stays, and nothing where nothing is old', async () => {
  const { db, room, left } = await grown(10, { old: 0, young: 20 })
  room.append(event('with an old clock', OLD))
  await room.durable()
  expect(await dropEvents(db.pool, room.id, YOUNG)).toBe(0)
  expect(await left()).toEqual({ events: 19, first: 1 })
})

it('[EVT66] packs beside the packer and beside itself, and each position stays in one place', async () => {
  const { db, room, positions } = await grown(50, { old: 4_000 })
  const before = await positions(room)
  await Promise.all([
    dropEvents(db.pool, room.id, YOUNG),
    packRoom(db.pool, room.id),
    dropEvents(db.pool, room.id, YOUNG),
    packRoom(db.pool, room.id),
  ])
  while ((await dropEvents(db.pool, room.id, YOUNG)) > 0);
  expect(await positions(room)).toEqual(before)
  const { rows } = await db.pool.query(
    `select first_seq = coalesce(lag(last_seq) over (order by first_seq), 0) + 1 as follows from room_segments`,
  )
  expect(rows.every(({ follows }) => follows)).toBe(true)
  expect(
    (await db.pool.query('select count(*)::int as old from room_events where seq <= 4000')).rows[0].old,
  ).toBe(0)
})

it('[EVT66] finds the rooms in which something is due, by their kinds', async () => {
  const { db, log } = await grown(10, { old: 3, young: 0 })
  for (const name of ['analytics:a', 'analytics:young', 'doc:a']) {
    const room = await openRoom(log, name)
    room.append(event('1', name === 'analytics:young' ? YOUNG : OLD))
    await room.durable()
  }
  const names = async (kinds: Parameters<typeof roomsWithOldEvents>[1]) =>
    (await roomsWithOldEvents(db.pool, kinds, YOUNG)).map(({ name }) => name)
  expect(await names({ only: ['analytics'] })).toEqual(['analytics:a'])
  expect(await names({ except: ['analytics'] })).toEqual(['build:a', 'doc:a'])
})

it('[EVT66] has a control: dropped without being packed first, positions are missing', async () => {
  const { db, room, positions } = await grown(1_000_000)
  await db.pool.query('delete from room_events where seq <= 2500')
  await expect(positions(room)).rejects.toThrow('entry 1 of the log is missing')
})
