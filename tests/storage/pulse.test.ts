import { pino } from 'pino'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Feed } from '../../server/storage/feed.ts'
import { Pulse } from '../../server/storage/pulse.ts'
import { connectTo, database, startPulse } from '../log/fixture.ts'
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
  const feedOf = ({ pool }: Pick<typeof db, 'pool'>) =>
    new Feed<Note>(
      {
        newest: 'select max(at) from notes',
        since: async (at) => {
          const { rows } = await pool.query<Note>(
            'select extract(epoch from at)::float8 * 1000 as at, text from notes where at > to_timestamp($1 / 1000.0) order by at',
            [at],
          )
          return rows
        },
      },
      ({ text }) => void told.push(text),
    )
  return { url, db, note, told, feedOf }
}

describe('what is due', () => {
  it('[STO8] is asked about in one question, of however many parts', async () => {
    const { db } = await database()
    await db.pool.query('create table due (part text)')
    const done: string[] = []
    let questions = 0
    const counted = {
      query: (...question: Parameters<typeof db.pool.query>) => {
        questions++
        return db.pool.query(...question)
      },
    } as typeof db.pool
    const pulse = startPulse({ pool: counted })
    const act = (part: string) => async () => {
      done.push(part)
      await db.pool.query('delete from due where part = $1', [part])
    }
    for (const part of ['a', 'b', 'c'])
      pulse.watch({ when: `exists (select from due where part = '${part}')`, act: act(part) })
    await expect.poll(() => questions).toBeGreaterThan(1)
    expect(done).toEqual([])
    await db.pool.query(`insert into due values ('a'), ('c')`)
    const before = questions
    await expect.poll(() => done).toEqual(['a', 'c'])
    expect(questions - before).toBeLessThan(4)
  })

  it('[STO8] is done one at a time, and once more where it failed, whatever the next answer is', async () => {
    const { db } = await database()
    await db.pool.query('create table due ()')
    await db.pool.query('insert into due default values')
    const warned: unknown[] = []
    const logger = pino({}, { write: (line: string) => void warned.push(JSON.parse(line).err.message) })
    const pulse = new Pulse(db.pool, logger)
    onTestFinished(() => pulse.stop())
    let [running, most, tries] = [0, 0, 0]
    const end = pulse.watch({
      when: 'exists (select from due)',
      act: async () => {
        most = Math.max(most, ++running)
        // Nothing is due any more, and it was not done.
        await db.pool.query('delete from due')
        await new Promise((resolve) => setTimeout(resolve, 700))
        running--
        if (++tries < 3) throw new Error(`try ${tries}`)
      },
    })
    await expect.poll(() => tries, { timeout: 10_000 }).toBe(3)
    await end()
    expect([running, most, warned]).toEqual([0, 1, ['try 1', 'try 2']])
  })

  it('[STO8] ends with what is being done', async () => {
    const { db } = await database()
    const pulse = startPulse(db)
    let [begun, ended] = [0, 0]
    const end = pulse.watch({
      when: 'true',
      act: async () => {
        begun++
        await new Promise((resolve) => setTimeout(resolve, 100))
        ended++
      },
    })
    await expect.poll(() => begun).toBe(1)
    await end()
    expect(ended).toBe(begun)
  })
})

describe('what another node writes into a table', () => {
  it('[STO8] is told once, also what is committed later than it says', async () => {
    const { db, note, told, feedOf } = await notes()
    await note('was there', '1 hour')
    const feed = feedOf(db)
    await feed.start(startPulse(db))
    onTestFinished(() => feed.stop())
    expect(told).toEqual(['was there'])
    await note('new')
    await expect.poll(() => told).toEqual(['was there', 'new'])
    await note('late', '30 s')
    await note('newer')
    await expect.poll(() => told.slice(2)).toEqual(['late', 'newer'])
  })

  it('[STO8] is told when the database is back, where it was away from here meanwhile', async () => {
    const { url, note, told, feedOf } = await notes()
    const proxy = await startProxy(url)
    onTestFinished(() => proxy.close())
    const there = await connectTo(proxy.url)
    const feed = feedOf(there)
    await feed.start(startPulse(there))
    onTestFinished(() => feed.stop())
    await note('before')
    await expect.poll(() => told).toEqual(['before'])
    proxy.refuse()
    await expect(there.pool.query('select 1')).rejects.toThrow()
    await note('meanwhile')
    proxy.restore()
    await expect.poll(() => told).toEqual(['before', 'meanwhile'])
  })
})
