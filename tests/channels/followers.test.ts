import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { Channels } from '../../server/channels/channels.ts'
import { followedTo, isQueued, lastQueued } from '../../server/channels/event-queue.ts'
import { type Derived, type Follower, Followers } from '../../server/channels/followers.ts'
import { defineKind, event } from '../../server/channels/kind.ts'
import { Registry } from '../../server/channels/registry.ts'
import type { StoredEvent } from '../../server/log/events.ts'
import type { Database } from '../../server/storage/database.ts'
import { IDLE_IN_TRANSACTION, type Queryable } from '../../server/storage/transaction.ts'
import { connectTo, countTo, database, openLog, startPulse } from '../log/fixture.ts'
import { startProxy } from '../log/postgres-proxy.ts'
import { until } from '../support/server.ts'

const silent = pino({ level: 'silent' })
const desk = defineKind('desk', {
  noted: event(z.strictObject({ text: z.string().optional() })),
  passed: event(z.strictObject({})),
})
const TYPES = ['desk.noted']

/** Writes down what it is shown, in a table that a doubling could not hide in. */
class Scribe implements Follower {
  readonly types = TYPES
  /** What stops it, by the id of an event. */
  readonly refuses = new Set<string>()
  readonly seen: string[] = []
  readonly derive: (events: readonly StoredEvent[]) => readonly Derived[]

  constructor(derive: (events: readonly StoredEvent[]) => readonly Derived[] = () => []) {
    this.derive = derive
  }

  async follow(client: Queryable, { name }: { readonly name: string }, events: readonly StoredEvent[]) {
    for (const { id, seq } of events) {
      await client.query('insert into scribbled (room, seq, id) values ($1, $2, $3)', [name, seq, id])
      if (this.refuses.has(id)) throw new Error(`${id} is refused`)
      this.seen.push(id)
    }
    return this.derive(events)
  }
}

async function start() {
  const { url, db } = await database()
  await db.pool.query('create table scribbled (n serial, room text, seq bigint, id text)')
  return { url, db }
}

/** A node with its own worker. */
function node(db: Database, scribe: Follower, teller?: Follower) {
  const channels = new Channels(openLog(db), new Registry([desk], TYPES))
  const telling =
    teller === undefined ? undefined : new Followers(db, channels, [teller], silent, 'telling_queue')
  const following = telling === undefined ? [scribe] : [scribe, telling.handedOn]
  const followers = new Followers(db, channels, following, silent)
  const follow = () => {
    const pulse = startPulse(db)
    followers.start(pulse)
    telling?.start(pulse)
  }
  let closed: Promise<unknown> | undefined
  const close = async () => {
    closed ??= Promise.all([followers.close(), telling?.close()])
    await closed
  }
  onTestFinished(close)
  const note = (room: string, ...ids: readonly string[]) =>
    channels.publishAs(
      'ada',
      room,
      ids.map((id) => ({ type: 'desk.noted', id, payload: {} })),
    )
  /** Also where a room failed before, for which nobody else waits. */
  const caughtUp = async (room: string) => {
    const last = await lastQueued(db.pool, 'event_queue', room)
    await until(async () => {
      await followers.caughtUp(room)
      return last === undefined || !(await isQueued(db.pool, 'event_queue', room, last))
    })
  }
  return { channels, followers, follow, note, caughtUp, close }
}

const scribbled = async (db: Database, room: string): Promise<readonly string[]> => {
  const { rows } = await db.pool.query<{ id: string }>(
    'select id from scribbled where room = $1 order by n',
    [room],
  )
  return rows.map(({ id }) => id)
}

describe('following events', () => {
  it('[EVT100] shows each event of the types that are followed once, room by room in their order', async () => {
    const { db } = await start()
    const { channels, follow, note, caughtUp } = node(db, new Scribe())
    follow()
    const ids = countTo(30).map(String)
    await Promise.all([note('desk:a', ...ids), note('desk:b', ...ids)])
    await channels.publishAs('ada', 'desk:a', [{ type: 'desk.passed', id: 'no', payload: {} }])
    await note('desk:a', '3')
    await caughtUp('desk:a')
    await caughtUp('desk:b')
    expect(await scribbled(db, 'desk:a')).toEqual(ids)
    expect(await scribbled(db, 'desk:b')).toEqual(ids)
  })

  it('[EVT101] misses and doubles nothing over what fails in the middle, and holds up no other room', async () => {
    const { db } = await start()
    const scribe = new Scribe()
    scribe.refuses.add('2')
    const { follow, note, caughtUp } = node(db, scribe)
    follow()
    await note('desk:bad', '1', '2', '3')
    await note('desk:good', '1', '2nd')
    await caughtUp('desk:good')
    expect(await scribbled(db, 'desk:good')).toEqual(['1', '2nd'])
    expect(await scribbled(db, 'desk:bad')).toEqual([])
    await expect.poll(() => scribe.seen.filter((id) => id === '1').length).toBeGreaterThan(1)
    scribe.refuses.clear()
    await caughtUp('desk:bad')
    expect(await scribbled(db, 'desk:bad')).toEqual(['1', '2', '3'])
    // The control: it was shown the first one twice, and its row is there once because the first try was undone.
    expect(scribe.seen.filter((id) => id === '1').length).toBeGreaterThan(2)
  })

  it('[EVT101] takes up what a node has left that is gone, and is not done twice by two', async () => {
    const { url, db } = await start()
    const gone = node(db, new Scribe())
    await gone.note('desk:a', '1', '2')
    await gone.close()
    const ids = countTo(200).map(String)
    const nodes = [node(db, new Scribe()), node(await connectTo(url), new Scribe())]
    for (const { follow } of nodes) follow()
    await Promise.all(ids.map((id, index) => nodes[index % 2]?.note(`desk:${index % 7}`, `n${id}`)))
    for (const room of ['desk:a', ...countTo(7).map((n) => `desk:${n - 1}`)]) await nodes[0]?.caughtUp(room)
    const all = await db.pool.query<{ count: number; different: number }>(
      'select count(*)::int as count, count(distinct (room, id))::int as different from scribbled',
    )
    expect(all.rows).toEqual([{ count: 202, different: 202 }])
    const disorder = await db.pool.query(
      'select from scribbled one join scribbled other on one.room = other.room and one.n < other.n and one.seq > other.seq',
    )
    expect(disorder.rowCount).toBe(0)
  })

  it('[EVT101] leaves to a later release what that alone follows, and all after it; an old one of no release holds up nothing', async () => {
    const { url, db } = await start()
    const types = [...TYPES, 'desk.passed']
    const later = new Channels(openLog(db), new Registry([desk], types))
    const publish = (room: string) =>
      later.publishAs('ada', room, [
        { type: 'desk.noted', id: '1', payload: {} },
        { type: 'desk.passed', id: '2', payload: {} },
        { type: 'desk.noted', id: '3', payload: {} },
      ])
    await publish('desk:a')
    const old = node(db, new Scribe())
    old.follow()
    await old.note('desk:b', 'last')
    await old.caughtUp('desk:b')
    expect(await scribbled(db, 'desk:a')).toEqual(['1'])
    const both = new Followers(await connectTo(url), later, [Object.assign(new Scribe(), { types })], silent)
    onTestFinished(() => both.close())
    both.start(startPulse(db))
    await expect.poll(() => scribbled(db, 'desk:a')).toEqual(['1', '2', '3'])
    await both.close()
    await publish('desk:c')
    await db.pool.query("update room_events set at = now() - interval '2 hours' where type = 'desk.passed'")
    await old.caughtUp('desk:c')
    expect(await scribbled(db, 'desk:c')).toEqual(['1', '3'])
  })

  it('[OBS2] counts a room as failing no longer than it fails, though another node has followed it', async () => {
    const { url, db } = await start()
    const scribe = new Scribe()
    scribe.refuses.add('1')
    const { followers, follow, note, close } = node(db, scribe)
    follow()
    await note('desk:a', '1')
    await expect.poll(() => followers.failing).toBe(1)
    await close()
    const other = node(await connectTo(url), new Scribe())
    other.follow()
    await other.caughtUp('desk:a')
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 3 * 60_000)
    onTestFinished(() => void vi.restoreAllMocks())
    expect(followers.failing).toBe(0)
  })

  it('[EVT102] publishes what follows from an event once, also where that is tried again', async () => {
    const { db } = await start()
    const scribe = new Scribe((events) =>
      events
        .filter(({ id }) => !id.startsWith('of-'))
        .map(({ id }) => ({
          room: 'desk:other',
          actor: 'system',
          event: { type: 'desk.noted', id: `of-${id}`, payload: {} },
        })),
    )
    const { channels, follow, note, caughtUp } = node(db, scribe)
    const publishAs = channels.publishAs.bind(channels)
    let lost = 1
    channels.publishAs = async (...what) => {
      const receipts = await publishAs(...what)
      // Published, and then the transaction fails: as if the server had been killed between the two.
      if (what[1] === 'desk:other' && lost-- > 0) throw new Error('killed')
      return receipts
    }
    follow()
    await note('desk:a', '1', '2')
    await caughtUp('desk:a')
    await caughtUp('desk:other')
    expect(await scribbled(db, 'desk:a')).toEqual(['1', '2'])
    expect(await scribbled(db, 'desk:other')).toEqual(['of-1', 'of-2'])
  })

  /** Whose publishing of what follows is held up, until it is let go. */
  function heldUp(db: Database, scribe: Follower, teller?: Follower) {
    const begun = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    onTestFinished(() => held.resolve())
    const made = node(db, scribe, teller)
    let publishing = 0
    const { channels } = made
    const publishAs = channels.publishAs.bind(channels)
    channels.publishAs = async (...what) => {
      if (what[1] === 'desk:other') {
        publishing += 1
        begun.resolve()
        await held.promise
      }
      return publishAs(...what)
    }
    return { ...made, begun: begun.promise, publishing: () => publishing, letGo: () => held.resolve() }
  }

  const toOther = (events: readonly StoredEvent[]): readonly Derived[] =>
    events
      .filter(({ id }) => !id.startsWith('of-'))
      .map(({ id }) => ({
        room: 'desk:other',
        actor: 'system',
        event: { type: 'desk.noted', id: `of-${id}`, payload: {} },
      }))

  it('[EVT101] gives up for a while what another room does not commit, and follows others meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    onTestFinished(() => void vi.useRealTimers())
    const { db } = await start()
    const { follow, note, publishing, letGo } = heldUp(db, new Scribe(toOther))
    follow()
    // One for each worker.
    await note('desk:a', '1')
    await note('desk:b', '2')
    await expect.poll(publishing).toBe(2)
    await note('desk:c', 'of-nothing')
    await vi.advanceTimersByTimeAsync(10_000)
    await expect.poll(() => scribbled(db, 'desk:c')).toEqual(['of-nothing'])
    expect(await scribbled(db, 'desk:a')).toEqual([])
    vi.useRealTimers()
    letGo()
  })

  it('[EVT101] publishes nothing more once it is stopped', async () => {
    const { db } = await start()
    const { follow, note, begun, letGo, publishing, close } = heldUp(db, new Scribe(toOther))
    await note('desk:a', '1', '2', '3')
    follow()
    await begun
    const closed = close()
    letGo()
    await closed
    expect(publishing()).toBe(1)
  })

  it('[EVT106] lets nothing that is made of events wait for what is told elsewhere of those before', async () => {
    const { db } = await start()
    const { follow, note, begun, caughtUp, letGo } = heldUp(
      db,
      new Scribe(),
      new Scribe((events) => toOther(events)),
    )
    follow()
    await note('desk:a', '1')
    await begun
    await note('desk:a', 'of-2')
    const { rows } = await db.pool.query('select from telling_queue where seq = 1')
    expect(rows).toHaveLength(1)
    await caughtUp('desk:a')
    letGo()
  })

  it('[EVT107] undoes what took too long to write, and tries it again with fewer', async () => {
    const { db } = await start()
    const shown: number[] = []
    const now = Date.now.bind(Date)
    onTestFinished(() => void vi.restoreAllMocks())
    class Slow extends Scribe {
      override async follow(...[client, room, events]: Parameters<Scribe['follow']>) {
        shown.push(events.length)
        if (shown.length === 1) vi.spyOn(Date, 'now').mockImplementation(() => now() + 31_000)
        return super.follow(client, room, events)
      }
    }
    const { follow, note } = node(db, new Slow())
    const ids = countTo(30).map(String)
    await note('desk:a', ...ids)
    follow()
    await expect.poll(() => scribbled(db, 'desk:a'), { timeout: 20_000 }).toEqual(ids)
    expect(shown).toEqual([30, 20, 10])
  })

  it('[EVT106] publishes what follows from a few events at a time, where much follows from each', async () => {
    const { db } = await start()
    const told: string[] = []
    const teller: Follower = {
      types: TYPES,
      follow: async (_client, { name }, events) => {
        if (name === 'desk:other') return []
        told.push(...events.map(({ id }) => id))
        return events.flatMap((event) =>
          countTo(100).flatMap((n) => toOther([{ ...event, id: `${event.id}-${n}` }])),
        )
      },
    }
    const { follow, note, begun, letGo } = heldUp(db, new Scribe(), teller)
    await note('desk:a', ...countTo(10).map(String))
    follow()
    await begun
    expect(told).toEqual(['1', '2'])
    letGo()
    const queued = async () => (await db.pool.query('select from telling_queue')).rowCount
    await expect.poll(queued, { timeout: 20_000 }).toBe(0)
    expect(told.slice(0, 10)).toEqual(countTo(10).map(String))
    const { rowCount } = await db.pool.query("select from room_events where id like 'of-%'")
    expect(rowCount).toBe(1_000)
  })

  it('[STO10] has another node do what one was doing that is parted from the database, once', async () => {
    const { url, db } = await start()
    const proxy = await startProxy(url)
    onTestFinished(() => proxy.close())
    /** Found out sooner than after a minute. */
    class Parted extends Scribe {
      override async follow(...[client, ...of]: Parameters<Scribe['follow']>) {
        await client.query('set local idle_in_transaction_session_timeout = 300')
        return super.follow(client, ...of)
      }
    }
    const parted = heldUp(await connectTo(proxy.url), new Parted(toOther))
    const other = node(db, new Scribe(toOther))
    parted.follow()
    await other.note('desk:a', '1', '2')
    await parted.begun
    proxy.swallow()
    other.follow()
    await other.caughtUp('desk:a')
    await other.caughtUp('desk:other')
    expect(await scribbled(db, 'desk:a')).toEqual(['1', '2'])
    proxy.restore()
    parted.letGo()
    await parted.note('desk:a', '3')
    await parted.caughtUp('desk:a')
    await parted.caughtUp('desk:other')
    expect(await scribbled(db, 'desk:a')).toEqual(['1', '2', '3'])
    expect(await scribbled(db, 'desk:other')).toEqual(['of-1', 'of-2', 'of-3'])
  })

  it('[STO10] asks something from time to time while it publishes, however long that takes', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const { db } = await start()
    const { follow, note, caughtUp, begun, letGo } = heldUp(db, new Scribe(toOther))
    follow()
    await note('desk:a', '1')
    await begun
    const lastAsked = async () => {
      const { rows } = await db.pool.query<{ query: string }>(
        `select query from pg_stat_activity where datname = current_database() and state = 'idle in transaction'`,
      )
      return rows.map(({ query }) => query)
    }
    await expect.poll(lastAsked).toEqual([expect.stringContaining('insert into scribbled')])
    vi.advanceTimersByTime(IDLE_IN_TRANSACTION / 2)
    await expect.poll(lastAsked).toEqual(['select 1'])
    letGo()
    await caughtUp('desk:a')
    expect(await scribbled(db, 'desk:a')).toEqual(['1'])
  })

  it('[EVT101] leaves out what can never be published, and goes on', async () => {
    const { db } = await start()
    const scribe = new Scribe((events) =>
      events
        .filter(({ id }) => id !== 'taken' && !id.startsWith('of-'))
        .map(({ id }) => ({
          room: 'desk:other',
          actor: 'system',
          event: {
            type: id === '1' ? 'desk.unheard' : 'desk.noted',
            id: id === '2' ? 'taken' : `of-${id}`,
            payload: {},
          },
        })),
    )
    const { channels, follow, note, caughtUp } = node(db, scribe)
    await channels.publishAs('eve', 'desk:other', [{ type: 'desk.noted', id: 'taken', payload: {} }])
    follow()
    await note('desk:a', '1', '2', '3')
    await caughtUp('desk:a')
    expect(await scribbled(db, 'desk:a')).toEqual(['1', '2', '3'])
    await caughtUp('desk:other')
    expect(await scribbled(db, 'desk:other')).toEqual(['taken', 'of-3'])
  })

  it('[EVT103] says how far what was made of a room’s events goes', async () => {
    const { db } = await start()
    const { channels, follow, note, caughtUp } = node(db, new Scribe())
    await note('desk:a', '1', '2')
    const held = await channels.open('desk:a', undefined)
    onTestFinished(held.release)
    const goes = async () =>
      (await db.pool.query<{ to: number }>(`select ${followedTo('$1')} as to`, [held.room.id])).rows[0]?.to
    expect(await goes()).toBe(0)
    follow()
    await caughtUp('desk:a')
    expect(await goes()).toBe(2)
  })
})
