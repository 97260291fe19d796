import { expect, it, onTestFinished } from 'vitest'
import { Channels } from '../../server/channels/channels.ts'
import { build } from '../../server/channels/kinds/build.ts'
import { Registry } from '../../server/channels/registry.ts'
import type { Subscriber } from '../../server/channels/subscription.ts'
import type { StoredEvent } from '../../server/log/events.ts'
import type { RoomLog } from '../../server/log/room-log.ts'
import type { Database } from '../../server/storage/database.ts'
import { countTo, database, openLog } from '../log/fixture.ts'
import { until } from '../support/server.ts'

const ROOM = 'build:1'
const ada = { user: 'ada', role: 'write' } as const

/** A node: its log, its channels, and the room held open. */
async function node(db: Database) {
  const log = openLog(db)
  const channels = new Channels(log, new Registry([build]))
  const held = await channels.open(ROOM, 'ada')
  onTestFinished(held.release)
  const publish = async (...ids: readonly string[]) => {
    const drafts = ids.map((id) => ({ type: 'build.queued', id, payload: {} }))
    return Promise.all(channels.publish(held.room, ROOM, ada, drafts))
  }
  return { log, channels, room: held.room, publish }
}

class Reader implements Subscriber {
  ready = true
  readonly seen: StoredEvent[] = []
  readonly resets: number[] = []
  readonly heads: number[] = []
  failure: unknown

  mayRead(): boolean {
    return true
  }
  events(events: readonly StoredEvent[]): void {
    this.seen.push(...events)
  }
  reset(after: number): void {
    this.resets.push(after)
  }
  resumed(head: number): void {
    this.heads.push(head)
  }
  failed(error: unknown): void {
    this.failure = error
  }
  get seqs(): readonly number[] {
    return this.seen.map(({ seq }) => seq)
  }
}

it('[EVT3] has nothing kept in memory for who does not keep up, and misses nothing', async () => {
  const { channels, room, publish } = await node((await database()).db)
  const reader = new Reader()
  const subscription = channels.subscribe(room, reader, 0)
  await until(() => reader.heads.length === 1)
  await publish('1')
  reader.ready = false
  for (const n of countTo(30)) await publish(`more-${n}`)
  expect(reader.seqs).toEqual([1])
  reader.ready = true
  subscription.wake()
  await publish('last')
  await until(() => reader.seen.length === 32)
  expect(reader.seqs).toEqual(countTo(32))
  expect(reader.heads).toEqual([0])
})

it('[EVT3] does not skip what another node has written in between', async () => {
  const { db } = await database()
  const [here, there] = [await node(db), await node(db)]
  const reader = new Reader()
  here.channels.subscribe(here.room, reader, 0)
  await until(() => reader.heads.length === 1)
  for (const n of countTo(20)) {
    await there.publish(`there-${n}`)
    await here.publish(`here-${n}`)
  }
  await until(() => reader.seen.length >= 40)
  expect(reader.seqs).toEqual(countTo(40))
})

it('[EVT3] has a control: without looking for what others wrote, a reader has gaps', async () => {
  const { db } = await database()
  const [here, there] = [await node(db), await node(db)]
  const seqs: number[] = []
  const unaware = ({ lastSeq, entries }: Parameters<Parameters<RoomLog['onCommit']>[0]>[0]) =>
    seqs.push(...entries.map((_, index) => lastSeq - entries.length + 1 + index))
  here.room.onCommit(unaware)
  for (const n of countTo(5)) {
    await there.publish(`there-${n}`)
    await here.publish(`here-${n}`)
  }
  expect(seqs).toEqual([2, 4, 6, 8, 10])
})

it('[EVT3] tells who comes back too late that events were dropped, and goes on from there', async () => {
  const { db } = await database()
  const { channels, room, publish } = await node(db)
  for (const n of countTo(10)) await publish(`n${n}`)
  await db.pool.query('delete from room_events where room_id = $1 and seq <= 6', [room.id])
  await db.pool.query('update rooms set events_after = 6 where id = $1', [room.id])
  const [late, early] = [new Reader(), new Reader()]
  channels.subscribe(room, late, 3)
  channels.subscribe(room, early, 6)
  await until(() => late.heads.length + early.heads.length === 2)
  expect([late.resets, late.seqs]).toEqual([[6], [7, 8, 9, 10]])
  expect([early.resets, early.seqs]).toEqual([[], [7, 8, 9, 10]])
})

it('[EVT3] ends with the room', async () => {
  const { channels, room, publish } = await node((await database()).db)
  const reader = new Reader()
  channels.subscribe(room, reader, 0)
  room.end('room-deleted')
  expect(reader.failure).toMatchObject({ code: 'room-deleted' })
  await expect(publish('late')).rejects.toMatchObject({ code: 'room-deleted' })
})

it('[LOG16] ends where the database has gone back, and goes on for who comes back', async () => {
  const { db } = await database()
  const { log, channels, room, publish } = await node(db)
  await publish('1', '2', '3')
  const reader = new Reader()
  channels.subscribe(room, reader, 0)
  await until(() => reader.heads.length === 1)
  await db.pool.query('delete from room_events where seq = 3')
  await db.pool.query('update rooms set head = 2')
  await expect(publish('4')).rejects.toMatchObject({ code: 'storage-unavailable', retryable: true })
  expect(reader.failure).toMatchObject({ code: 'storage-unavailable' })
  const { room: anew } = await channels.open(ROOM, 'ada')
  expect(() => channels.subscribe(anew, new Reader(), 3)).toThrow(/3 is after the newest, 2/)
  const back = new Reader()
  channels.subscribe(anew, back, 2)
  await Promise.all(channels.publish(anew, ROOM, ada, [{ type: 'build.queued', id: '4', payload: {} }]))
  await until(() => back.seqs.length === 1)
  expect([back.seqs, log.state.entries]).toEqual([[3], 0])
})

it('[EVT3] sends no page that was read while the reader fell behind, and sends it once they keep up', async () => {
  const { log, channels, room, publish } = await node((await database()).db)
  await publish(...countTo(30).map(String))
  const reader = new Reader()
  const read = log.eventsDropped.bind(log)
  // Another room's page is sent while this one's is read.
  log.eventsDropped = async (id) => {
    reader.ready = false
    return read(id)
  }
  const subscription = channels.subscribe(room, reader, 0)
  await until(() => !reader.ready)
  log.eventsDropped = read
  await read(room.id) // as long as the first took
  await new Promise(setImmediate)
  expect(reader.seqs).toEqual([])
  reader.ready = true
  subscription.wake()
  await until(() => reader.heads.length === 1)
  expect(reader.seqs).toEqual(countTo(30))
})

it('[EVT3] ends one who fails to take an event, and tells the others of it', async () => {
  const { channels, room, publish } = await node((await database()).db)
  // Whoever else listens to the room, and fails, comes first.
  room.onCommit(() => {
    throw new Error('no subscriber')
  })
  const [failing, other] = [new Reader(), new Reader()]
  failing.events = () => {
    throw new Error('failed')
  }
  for (const reader of [failing, other]) channels.subscribe(room, reader, undefined)
  await until(() => failing.heads.length + other.heads.length === 2)
  await publish('1')
  await publish('2')
  expect(failing.failure).toMatchObject({ message: 'failed' })
  expect(other.seqs).toEqual([1, 2])
})

it('[EVT2] compares what is on its way as what is stored: the order of the keys says nothing', async () => {
  const { channels, room } = await node((await database()).db)
  const publish = (payload: unknown) =>
    channels.publish(room, ROOM, ada, [{ type: 'build.created', id: 'same', payload }])
  const labels = { one: '1', two: '2' }
  const [first] = publish({ title: 'a', labels })
  const [again] = publish({ labels: { two: '2', one: '1' }, title: 'a' })
  const [other] = publish({ labels: { two: '2', one: '2' }, title: 'a' })
  await expect(other).rejects.toMatchObject({ code: 'event-conflict' })
  expect(await again).toEqual(await first)
})
