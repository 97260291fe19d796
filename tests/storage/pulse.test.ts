import type pg from 'pg'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Feed } from '../../server/storage/feed.ts'
import { Pulse } from '../../server/storage/pulse.ts'
import { openPulses } from '../../server/storage/pulses.ts'
import { FaultProxy } from '../failures/fault-proxy.ts'
import { connectTo, countTo, database, silent, startPulse } from '../log/fixture.ts'
import { startProxy } from '../log/postgres-proxy.ts'

interface Note {
  readonly at: number
  readonly text: string
}

/** A table that a feed reads. */
async function notes() {
  const { url, db } = await database()
  await db.pool.query('create table notes (at timestamptz not null default now(), text text not null)')
  const note = (text: string, ago = '0 s') =>
    db.pool.query('insert into notes values (now() - $1::interval, $2)', [ago, text])
  const told: string[] = []
  const newFeed = () =>
    new Feed<Note>(
      {
        newest: 'select max(at) from notes',
        since: async (db, at) => {
          const { rows } = await db.query<Note>(
            'select extract(epoch from at)::float8 * 1000 as at, text from notes where at > to_timestamp($1 / 1000.0) order by at',
            [at],
          )
          return rows
        },
      },
      ({ text }) => void told.push(text),
    )
  return { url, db, note, told, newFeed }
}

describe('what is due', () => {
  it('[STO8] is asked about in one question, of however many parts, and only what is due is done', async () => {
    const { db } = await database()
    await db.pool.query('create table due (part text)')
    const done = new Set<string>()
    const asked: string[] = []
    const listened = {
      query: (question: { readonly text: string }) => {
        asked.push(question.text)
        return db.pool.query(question)
      },
    } as typeof db.pool
    const pulse = startPulse({ pool: listened })
    const parts = countTo(10).map((n) => `part ${n}`)
    const conditions = parts.map((part) => `exists (select from due where part = '${part}')`)
    for (const [place, part] of parts.entries())
      pulse.watch({ when: conditions[place] ?? '', act: async () => void done.add(part) })
    await expect.poll(() => asked.length).toBeGreaterThan(2)
    expect(done.size).toBe(0)
    await db.pool.query(`insert into due values ('part 2'), ('part 9')`)
    await expect.poll(() => done.size).toBe(2)
    expect([...done]).toEqual(['part 2', 'part 9'])
    for (const text of asked) for (const condition of conditions) expect(text).toContain(condition)
  })

  it('[STO8] is asked about at the same moments by pulses whose beats are multiples, each beat once', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    /** A pulse begins at its own moment; when it asks, by the clock. */
    const asked = (beat: number) => {
      const times: number[] = []
      const query = async () => {
        times.push(performance.now())
        return { rows: [] }
      }
      const pulse = new Pulse({ query } as unknown as pg.Pool, silent, beat)
      pulse.watch({ when: 'true', act: async () => undefined })
      onTestFinished(() => pulse.stop())
      return times
    }
    const short = asked(400)
    await vi.advanceTimersByTimeAsync(130)
    const long = asked(800)
    await vi.advanceTimersByTimeAsync(4_000)
    expect(short.length).toBeGreaterThanOrEqual(10)
    expect(short).toEqual([...new Set(short.map((time) => Math.round(time / 400) * 400))])
    expect(long).toEqual(short.filter((time) => time % 800 === 0))

    // A timer that fires a little early, and is answered at once, does not ask for the same beat again and again.
    vi.spyOn(performance, 'now').mockReturnValue((long.at(-1) ?? 0) + 799.8)
    onTestFinished(() => void vi.restoreAllMocks())
    const before = short.length
    await vi.advanceTimersByTimeAsync(801)
    expect(short.length - before).toBeLessThan(5)
  })

  it('[STO8] is told of in the log where nobody answers, once', async () => {
    const { url, db } = await database()
    const proxy = await startProxy(url)
    onTestFinished(() => proxy.close())
    const there = await connectTo(proxy.url)
    const warned: string[] = []
    const logger = pino({}, { write: (line: string) => void warned.push(JSON.parse(line).msg) })
    const pulse = new Pulse(there.pool, logger, 50)
    onTestFinished(() => pulse.stop())
    let done = 0
    await db.pool.query('create table due ()')
    pulse.watch({ when: 'exists (select from due)', act: async () => void done++ })
    proxy.refuse()
    await expect.poll(() => warned).toEqual(['the database does not say what is due; it is asked again'])
    await db.pool.query('insert into due default values')
    expect(done).toBe(0)
    proxy.restore()
    await expect.poll(() => done).toBeGreaterThan(0)
    expect(warned).toHaveLength(1)
  })

  it('[STO8] is asked again over another connection where the one that it was asked over is dead', async () => {
    const { url, db } = await database()
    const postgres = await startProxy(url)
    onTestFinished(() => postgres.close())
    const { proxy, url: carried } = await FaultProxy.before(postgres.url)
    onTestFinished(() => proxy.close())
    const there = await connectTo(carried)
    await db.pool.query('create table due ()')
    await there.pool.query('select')
    expect([there.pool.idleCount, there.pool.totalCount]).toEqual([1, 1])
    proxy.strand()
    const pulse = startPulse(there)
    let done = 0
    pulse.watch({ when: 'exists (select from due)', act: async () => void done++ })
    await db.pool.query('insert into due default values')
    await expect.poll(() => done).toBeGreaterThan(0)
  })

  it('[STO8] is done one at a time, and once more where it failed, whatever the next answer is', async () => {
    const { db } = await database()
    await db.pool.query('create table due ()')
    await db.pool.query('insert into due default values')
    const warned: unknown[] = []
    const logger = pino({}, { write: (line: string) => void warned.push(JSON.parse(line).err.message) })
    const pulse = new Pulse(db.pool, logger, 50)
    onTestFinished(() => pulse.stop())
    let [running, most, tries] = [0, 0, 0]
    // Asked for besides, so that beats come while the other is being done.
    let beats = 0
    pulse.watch({ when: 'true', act: async () => void beats++ })
    const end = pulse.watch({
      when: 'exists (select from due)',
      act: async () => {
        most = Math.max(most, ++running)
        const before = beats
        await expect.poll(() => beats).toBeGreaterThan(before + 1)
        // Nothing is due any more, and it was not done.
        await db.pool.query('delete from due')
        running--
        if (++tries < 3) throw new Error(`try ${tries}`)
      },
    })
    await expect.poll(() => tries, { timeout: 20_000 }).toBeGreaterThanOrEqual(3)
    await end()
    expect([running, most, warned]).toEqual([0, 1, ['try 1', 'try 2']])
  })

  it('[STO8] is done though all connections are lent, where it takes access away; nothing else is', async () => {
    const { url, db } = await database()
    const writer = await connectTo(url)
    await db.pool.query('create table due ()')
    const pulses = openPulses(db, silent)
    onTestFinished(async () => void (await pulses.stop()))
    // As a server that stops and ends does.
    onTestFinished(async () => void (await pulses.stop()))
    const done: string[] = []
    const when = 'exists (select from due)'
    pulses.work.watch({ when, act: async () => void done.push('work') })
    pulses.access.watch({ when, act: async () => void done.push('access') })
    const lent = await Promise.all(countTo(db.pool.options.max ?? 0).map(() => db.pool.connect()))
    await writer.pool.query('insert into due default values')
    await expect.poll(() => done.length).toBeGreaterThan(2)
    expect(new Set(done)).toEqual(new Set(['access']))
    for (const client of lent) client.release()
    await expect.poll(() => done).toContain('work')
  })

  it('[STO8] ends with what is being done', async () => {
    const { db } = await database()
    const pulse = startPulse(db)
    const [begun, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const end = pulse.watch({
      when: 'true',
      act: () => {
        begun.resolve()
        return done.promise
      },
    })
    await begun.promise
    let ended = false
    const ending = end().then(() => {
      ended = true
    })
    await db.pool.query('select 1')
    expect(ended).toBe(false)
    done.resolve()
    await ending
  })
})

describe('what another node writes into a table', () => {
  it('[STO8] is told once, also what is committed later than it says', async () => {
    const { db, note, told, newFeed } = await notes()
    await note('was there', '1 hour')
    const feed = newFeed()
    await feed.start(startPulse(db), db.pool)
    expect(told).toEqual(['was there'])
    await note('new')
    await expect.poll(() => told).toEqual(['was there', 'new'])
    await note('late', '40 s')
    await expect.poll(() => told.slice(2)).toEqual(['late'])
    await note('newer')
    await expect.poll(() => told.slice(2)).toEqual(['late', 'newer'])
  })

  it('[STO8] is told when the database is back, where it was away from here meanwhile', async () => {
    const { url, note, told, newFeed } = await notes()
    const proxy = await startProxy(url)
    onTestFinished(() => proxy.close())
    const there = await connectTo(proxy.url)
    const feed = newFeed()
    await feed.start(startPulse(there), there.pool)
    await note('before')
    await expect.poll(() => told).toEqual(['before'])
    proxy.refuse()
    await expect(there.pool.query('select 1')).rejects.toThrow()
    await note('meanwhile')
    proxy.restore()
    await expect.poll(() => told).toEqual(['before', 'meanwhile'])
  })
})
