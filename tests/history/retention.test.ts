import { describe, expect, it } from 'vitest'
import { thinRoom } from '../../server/history/retention/retain.ts'
import { SEVERAL } from '../../server/log/entry.ts'
import { packRoom } from '../../server/log/pack.ts'
import { requirePosition } from '../../server/log/positions.ts'
import { encodeSegment } from '../../server/log/segment.ts'
import { dueRooms } from '../../server/log/thin.ts'
import { countTo, database, entry, openLog, openRoom } from '../log/fixture.ts'
import { DAY, MINUTE, replayed, type Session, typed, upTo } from './past.ts'

const NOW = Date.now()
/** Keystrokes for 30 days, sessions for ever. */
const SESSIONS = { sessions: NOW - 30 * DAY, versions: undefined }
/** Sessions for 60 days, then versions. */
const VERSIONS = { sessions: NOW - 30 * DAY, versions: NOW - 60 * DAY }
const run = { dryRun: false }

const session = (daysAgo: number, people: readonly string[], edits: number): Session => ({
  at: NOW - daysAgo * DAY,
  people,
  edits,
})

/** A room with these sessions in its log, packed as far as it goes; by default all of it is old. */
async function room(
  sessions: readonly Session[] = [
    session(90, ['ada'], 30),
    session(80, ['ada', 'bob'], 40),
    session(70, ['bob'], 25),
    session(40, ['ada', 'bob', 'eve'], 60),
  ],
) {
  const { db, url } = await database()
  const log = openLog(db)
  const opened = await openRoom(log)
  const entries = typed(sessions)
  for (const one of entries) opened.append(one)
  await opened.durable()
  // The log's own packer may be at it, and leaves nothing to another meanwhile.
  const rows = async () => (await db.pool.query('select from room_updates')).rowCount ?? 0
  await expect.poll(async () => (await packRoom(db.pool, opened.id)) + (await rows())).toBeLessThan(2000)
  await db.pool.query('update rooms set changed_at = to_timestamp($2 / 1000.0) where id = $1', [
    opened.id,
    entries.at(-1)?.at,
  ])
  const original = (position: number) => replayed(entries.slice(0, position).map(({ bytes }) => bytes))
  return { db, url, log, id: opened.id, head: entries.length, original, entries }
}

type Room = Awaited<ReturnType<typeof room>>

const keptOf = async ({ log, id, head }: Room) => (await upTo(log, id, head)).map(({ seq }) => seq)

/** Every position that is left is the document that it was, by an independent replay. */
async function holds({ log, id, original }: Room, positions: readonly number[]): Promise<void> {
  for (const position of positions) {
    const there = await upTo(log, id, position)
    expect(replayed(there.map(({ bytes }) => bytes)), `at ${position}`).toEqual(original(position))
  }
}

const everything = async ({ db }: Room) => [
  (await db.pool.query('select * from room_segments order by last_seq')).rows,
  (await db.pool.query('select * from room_updates order by seq')).rows,
]

describe('thinning to sessions', () => {
  it('[HIS90] leaves one entry a session, each position the same document, and later seqs as they are', async () => {
    const old = await room()
    const thinned = await thinRoom(old.db.pool, old.id, SESSIONS, run)
    expect(await keptOf(old)).toEqual([30, 70, 95, 155])
    expect(thinned).toMatchObject({ first: 1, last: 155, positionsLost: 151, sharedSessions: 2 })
    await holds(old, [30, 70, 95, 155])
    // Nothing is due any more, and what comes later has the seqs that follow.
    expect(await thinRoom(old.db.pool, old.id, SESSIONS, run)).toBeUndefined()
    const again = await openRoom(old.log)
    again.append(entry('next'))
    expect(await again.durable()).toBe(156)
  })

  it('[HIS90] leaves what is young as it was written, also in a room that was packed', async () => {
    const old = await room([session(40, ['ada'], 1500), session(35, ['bob'], 700), session(2, ['ada'], 1900)])
    // Two segments are wholly old, the third is not, and neither are the rows after it.
    const thinned = await thinRoom(old.db.pool, old.id, SESSIONS, run)
    expect(thinned).toMatchObject({ first: 1, last: 2000 })
    const kept = await keptOf(old)
    expect(kept.filter((seq) => seq > 2000)).toEqual(countTo(4100).slice(2000))
    expect(kept.length).toBeLessThan(2120)
    await holds(old, [...kept.filter((seq) => seq <= 2000), 2001, 2750, 4100])
    expect(await packRoom(old.db.pool, old.id)).toBe(0)
  })

  it('[HIS90] ends a session at a pause of 15 minutes, and at four hours', async () => {
    const old = await room([
      { at: NOW - 50 * DAY, people: ['ada'], edits: 10 },
      { at: NOW - 50 * DAY + 9 * 20_000 + 14 * MINUTE, people: ['ada'], edits: 10 },
      { at: NOW - 50 * DAY + 60 * MINUTE, people: ['ada'], edits: 1000 },
    ])
    await thinRoom(old.db.pool, old.id, SESSIONS, run)
    // Four hours are 720 edits and the one that begins them.
    expect(await keptOf(old)).toEqual([20, 741, 1020])
  })

  it('[HIS94] keeps the author of a session of one, and of several only who took part, and when', async () => {
    const old = await room()
    await thinRoom(old.db.pool, old.id, SESSIONS, run)
    const left = await upTo(old.log, old.id, 155)
    expect(left.map(({ actor }) => actor)).toEqual(['ada', SEVERAL, 'bob', SEVERAL])
    expect(left.map(({ merged }) => merged)).toEqual([
      { first: 1, since: NOW - 90 * DAY, actors: ['ada'] },
      { first: 31, since: NOW - 80 * DAY, actors: ['ada', 'bob'] },
      { first: 71, since: NOW - 70 * DAY, actors: ['bob'] },
      { first: 96, since: NOW - 40 * DAY, actors: ['ada', 'bob', 'eve'] },
    ])
    expect(left[0]?.at).toBe(NOW - 90 * DAY + 29 * 20_000)
  })

  it('[HIS92] keeps the positions that snapshots are read on from', async () => {
    const old = await room()
    for (const seq of [33, 100]) await old.log.saveSnapshot(old.id, { seq, state: Buffer.from('state') })
    await thinRoom(old.db.pool, old.id, SESSIONS, run)
    expect(await keptOf(old)).toEqual([30, 33, 70, 95, 100, 155])
    await holds(old, [33, 100])
    const tail: number[] = []
    for await (const { seq } of old.log.read(old.id, 100, 155)) tail.push(seq)
    expect(tail).toEqual([155])
  })
})

it('[HIS92] keeps the positions of versions, and every 2,000th, where history reads on', async () => {
  const old = await room()
  for (const seq of [12, 150]) {
    await old.db.pool.query(
      `insert into versions (room_id, seq, at, kind, author) values ($1, $2, now(), 'named', 'ada')`,
      [old.id, seq],
    )
  }
  await thinRoom(old.db.pool, old.id, { ...VERSIONS, versions: VERSIONS.sessions }, run)
  expect(await keptOf(old)).toEqual([12, 150, 155])
  await holds(old, [12, 150, 155])
  const long = await room([session(90, ['ada'], 2500)])
  await thinRoom(long.db.pool, long.id, { ...VERSIONS, versions: VERSIONS.sessions }, run)
  expect(await keptOf(long)).toEqual([2000, 2500])
})

describe('thinning to versions', () => {
  it('[HIS90] follows on sessions, and leaves what is pinned and the last of what is old', async () => {
    const old = await room()
    await old.log.saveSnapshot(old.id, { seq: 40, state: Buffer.from('state') })
    await thinRoom(old.db.pool, old.id, SESSIONS, run)
    expect(await keptOf(old)).toEqual([30, 40, 70, 95, 155])
    const versions = await thinRoom(old.db.pool, old.id, VERSIONS, run)
    expect(await keptOf(old)).toEqual([40, 95, 155])
    expect(versions?.positionsLost).toBeGreaterThan(0)
    await holds(old, [40, 95, 155])
    expect(await thinRoom(old.db.pool, old.id, VERSIONS, run)).toBeUndefined()
  })

  it('[HIS90] is the same at once as by way of sessions', async () => {
    const [one, other] = [await room(), await room()]
    await thinRoom(one.db.pool, one.id, SESSIONS, run)
    await thinRoom(one.db.pool, one.id, VERSIONS, run)
    await thinRoom(other.db.pool, other.id, VERSIONS, run)
    expect(await keptOf(one)).toEqual(await keptOf(other))
    await holds(one, await keptOf(one))
  })
})

describe('a position that is gone', () => {
  it('[HIS91] says so and names the nearest that are left, before and after it', async () => {
    const old = await room()
    await thinRoom(old.db.pool, old.id, SESSIONS, run)
    for (const position of [1, 29, 31, 50, 154]) {
      await expect(upTo(old.log, old.id, position)).rejects.toMatchObject({ code: 'position-gone' })
    }
    for (const position of [0, 30, 70, 95, 155, 156]) await requirePosition(old.db.pool, old.id, position)
    for (const position of [1, 29, 31, 50, 154]) {
      await expect(requirePosition(old.db.pool, old.id, position)).rejects.toMatchObject({
        code: 'position-gone',
      })
    }
    await expect(upTo(old.log, old.id, 50)).rejects.toThrow('of 50, the nearest that are left are 30 and 70')
    const from = async (after: number) => {
      const seqs: number[] = []
      for await (const { seq } of old.log.read(old.id, after, 155)) seqs.push(seq)
      return seqs
    }
    await expect(from(50)).rejects.toMatchObject({ code: 'position-gone' })
    expect(await from(70)).toEqual([95, 155])
  })

  it('[HIS91] any other gap is damage, as ever', async () => {
    const old = await room([session(90, ['ada'], 2500), session(80, ['bob'], 600), session(1, ['ada'], 500)])
    await thinRoom(old.db.pool, old.id, SESSIONS, run)
    const damaged = expect.objectContaining({ code: 'room-damaged' })
    await old.db.pool.query('delete from room_updates where seq = 3300')
    await expect(upTo(old.log, old.id, 3600)).rejects.toEqual(damaged)
    await old.db.pool.query('delete from room_segments where first_seq = 1')
    await expect(upTo(old.log, old.id, 2500)).rejects.toEqual(damaged)
  })
})

describe('what is dropped', () => {
  it('[HIS93] is nothing, where what was stored in its place is damaged', async () => {
    const old = await room()
    const before = await everything(old)
    await old.db.pool.query(`
      create function spoil() returns trigger language plpgsql as $$ begin
        new.bytes = set_byte(new.bytes, length(new.bytes) / 2, get_byte(new.bytes, length(new.bytes) / 2) # 1);
        return new;
      end $$;
      create trigger spoil before insert on room_segments for each row execute function spoil()`)
    const thinning = thinRoom(old.db.pool, old.id, SESSIONS, run)
    await expect(thinning).rejects.toThrow('was not stored as it was verified')
    expect(await everything(old)).toEqual(before)
  })

  it('[HIS93] is nothing, where what was stored is a segment of other entries that is whole in itself', async () => {
    const old = await room()
    const before = await everything(old)
    const [first] = await upTo(old.log, old.id, 30)
    if (first === undefined) throw new Error('no entry')
    await old.db.pool.query('create table other (bytes bytea)')
    await old.db.pool.query('insert into other values ($1)', [await encodeSegment([first])])
    await old.db.pool.query(`
      create function spoil() returns trigger language plpgsql as $$ begin
        new.bytes = (select bytes from other); return new;
      end $$;
      create trigger spoil before insert on room_segments for each row execute function spoil()`)
    const thinning = thinRoom(old.db.pool, old.id, SESSIONS, run)
    await expect(thinning).rejects.toThrow('was not stored as it was verified')
    expect(await everything(old)).toEqual(before)
  })

  it('[HIS93] is nothing, where an entry of the log is damaged itself', async () => {
    const old = await room()
    await old.db.pool.query(`update room_updates set bytes = '\\x0101' where seq = 77`)
    const before = await everything(old)
    await expect(thinRoom(old.db.pool, old.id, SESSIONS, run)).rejects.toThrow()
    expect(await everything(old)).toEqual(before)
  })

  it('[HIS95] is nothing, where somebody has packed, deleted or pinned in between', async () => {
    const old = await room([session(50, ['ada'], 3200)])
    // The packer holds the lock that retention takes; what it then finds is not what it has verified.
    const packer = await old.db.pool.connect()
    await packer.query('begin')
    await packer.query(`select pg_advisory_xact_lock(hashtextextended('syncline.pack', $1))`, [old.id])
    const thinning = thinRoom(old.db.pool, old.id, SESSIONS, run)
    const waiting = `select from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`
    await expect.poll(async () => (await old.db.pool.query(waiting)).rowCount).toBe(1)
    const pin = `insert into room_snapshots values ($1, 1600, now(), '', '')`
    await old.db.pool.query(pin, [old.id])
    await packer.query('commit')
    packer.release()
    expect(await thinning).toBeUndefined()
    expect(await keptOf(old)).toEqual(countTo(3200))
    // At the next try it is known, and stays.
    await thinRoom(old.db.pool, old.id, SESSIONS, run)
    expect(await keptOf(old)).toContain(1600)
  })

  it('[HIS95] is never more than it should be, while people type and two nodes pack', async () => {
    const old = await room([session(50, ['ada'], 2400), session(45, ['bob', 'eve'], 1500)])
    const writer = await openRoom(old.log)
    const later = typed([session(1, ['ada'], 2500)], 2)
    let writing = true
    const write = async () => {
      for (const [index, one] of later.entries()) {
        writer.append(one)
        if (index % 40 === 0) await writer.durable()
      }
      await writer.durable()
      writing = false
    }
    const pack = async () => {
      while (writing) await packRoom(old.db.pool, old.id)
    }
    const thin = async () => {
      while (writing) await thinRoom(old.db.pool, old.id, SESSIONS, run)
    }
    await Promise.all([write(), pack(), pack(), thin()])
    await packRoom(old.db.pool, old.id)
    await thinRoom(old.db.pool, old.id, SESSIONS, run)
    const left = await upTo(old.log, old.id, 6400)
    const young = left.filter(({ seq }) => seq > 3900)
    expect(young.map(({ bytes }) => bytes)).toEqual(later.map(({ bytes }) => bytes))
    const thinned = left.filter(({ seq }) => seq <= 3000).map(({ seq }) => seq)
    expect(thinned.length).toBeLessThan(30)
    await holds(old, [...thinned.filter((_, index) => index % 5 === 0), 3001, 3900])
  })
})

describe('what would free nothing', () => {
  const bytesOf = async ({ db }: Room): Promise<number> => {
    const { rows } = await db.pool.query(
      `select (select coalesce(sum(pg_column_size(s.*)), 0) from room_segments s)::int
         + (select coalesce(sum(pg_column_size(u.*)), 0) from room_updates u)::int as size`,
    )
    return rows[0].size
  }
  /** All of the log as one segment, as the packer would have made it of more. */
  const packed = async (old: Room): Promise<void> => {
    const entries = await upTo(old.log, old.id, old.head)
    await old.db.pool.query(
      `insert into room_segments (room_id, first_seq, last_seq, first_at, last_at, bytes)
       values ($1, 1, $2, to_timestamp($3 / 1000.0), to_timestamp($4 / 1000.0), $5)`,
      [old.id, old.head, entries[0]?.at, entries.at(-1)?.at, await encodeSegment(entries)],
    )
    await old.db.pool.query('delete from room_updates')
  }
  const short = (sessions: number, edits: number, days: number) =>
    Array.from({ length: sessions }, (_, i) => session(40 + (sessions - i) * days, ['ada'], edits))

  it.each([
    ['an entry now and then', short(24, 1, 25)],
    ['two entries now and then', short(24, 2, 40)],
    ['a few entries in years', short(4, 1, 200)],
    ['a single one', short(1, 1, 1)],
    ['two', short(1, 2, 1)],
  ])('[HIS98] of %s takes no more than it did, and is not looked at for ever', async (_, sessions) => {
    for (const pack of [false, true]) {
      const old = await room(sessions)
      if (pack) await packed(old)
      const before = await bytesOf(old)
      const said = await thinRoom(old.db.pool, old.id, SESSIONS, { dryRun: true })
      const done = await thinRoom(old.db.pool, old.id, SESSIONS, run)
      expect(done).toEqual(said)
      const after = await bytesOf(old)
      // What nothing is to be merged of is packed, where it is rows and worth a segment, and else as it was.
      if (done === undefined && !pack && old.head >= 3) expect(after).toBeLessThan(before)
      else if (done === undefined) expect(after).toBe(before)
      else {
        expect(done.bytesAfter).toBeLessThan(done.bytesBefore)
        expect(after).toBeLessThan(before)
      }
      await holds(old, await keptOf(old))
      expect(await thinRoom(old.db.pool, old.id, SESSIONS, run)).toBeUndefined()
      expect(await dueRooms(old.db.pool, { except: [] }, SESSIONS)).toEqual([])
    }
  })

  it('[HIS98] stays as it was written, and is tried again when it is due for more', async () => {
    const old = await room(short(24, 1, 25))
    await packed(old)
    const before = await everything(old)
    expect(await thinRoom(old.db.pool, old.id, SESSIONS, { dryRun: true })).toBeUndefined()
    expect(await everything(old)).toEqual(before)
    expect(await dueRooms(old.db.pool, { except: [] }, SESSIONS)).toHaveLength(1)
    expect(await thinRoom(old.db.pool, old.id, SESSIONS, run)).toBeUndefined()
    expect(await dueRooms(old.db.pool, { except: [] }, SESSIONS)).toEqual([])
    expect(await keptOf(old)).toEqual(countTo(24))
    const versions = await thinRoom(old.db.pool, old.id, { ...VERSIONS, versions: VERSIONS.sessions }, run)
    expect(versions?.positionsLost).toBe(23)
    await holds(old, [24])
  })

  it('[HIS98] a thread that does not answer is ended, and nothing is dropped', async () => {
    const old = await room()
    const before = await everything(old)
    const thinning = thinRoom(old.db.pool, old.id, SESSIONS, { ...run, answerWithin: 1 })
    await expect(thinning).rejects.toThrow('did not answer within 1 ms')
    expect(await everything(old)).toEqual(before)
    const stop = new AbortController()
    const stopped = thinRoom(old.db.pool, old.id, SESSIONS, { ...run, signal: stop.signal })
    stop.abort()
    await expect(stopped).rejects.toThrow('aborted')
    expect(await everything(old)).toEqual(before)
    expect(await thinRoom(old.db.pool, old.id, SESSIONS, run), 'control').toMatchObject({
      positionsLost: 151,
    })
  })
})

it('[HIS96] a dry run says what the run then does, and changes nothing', async () => {
  const old = await room()
  const before = await everything(old)
  const said = await thinRoom(old.db.pool, old.id, SESSIONS, { dryRun: true })
  expect(await everything(old)).toEqual(before)
  expect(said?.bytesAfter).toBeLessThan((said?.bytesBefore ?? 0) / 3)
  expect(await thinRoom(old.db.pool, old.id, SESSIONS, run)).toEqual(said)
  const { rows } = await old.db.pool.query(
    'select sum(pg_column_size(s.*))::int as size from room_segments s',
  )
  expect(Math.abs(rows[0].size - (said?.bytesAfter ?? 0))).toBeLessThan(200)
})
