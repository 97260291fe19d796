import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { newestSlice, writeSlices } from '../../server/history/timeline/activity.ts'
import type { Division, Session } from '../../server/history/timeline/sessions.ts'
import { extended, type Slice, sliceOf } from '../../server/history/timeline/slices.ts'
import { writeStretches } from '../../server/history/timeline/stretch-table.ts'
import { readTimeline, type TimelineQuery } from '../../server/history/timeline/timeline.ts'
import type { RoomId } from '../../server/log/entry.ts'
import type { Queryable } from '../../server/storage/transaction.ts'
import { database, openLog, openRoom } from '../log/fixture.ts'
import { START } from './support.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Work that goes on for so many lengths is divided there first. */
const LENGTHS = 16

interface Done {
  readonly at: number
  readonly actor: string
}

/** One entry after the other: minutes of work, as they are kept. */
function slicesOf(entries: readonly Done[], from = 0, newest?: Slice): Slice[] {
  const slices = newest === undefined ? [] : [newest]
  for (const [index, { at, actor }] of entries.entries()) {
    const seq = from + index + 1
    const done = { seq, first: seq, since: at, at, actor, edits: 1, others: [], inserted: 1, deleted: 0 }
    const longer = extended(slices.at(-1), done)
    if (longer === undefined) slices.push(sliceOf(done))
    else slices[slices.length - 1] = longer
  }
  return slices
}

/** All sessions, oldest first, out of every minute of work. */
function naive(slices: readonly Slice[], { gap, length }: Division): Omit<Session, 'people'>[] {
  const sessions: Slice[][] = []
  let began = 0
  for (const [index, slice] of slices.entries()) {
    const before = slices[index - 1]
    const current = sessions.at(-1)
    const paused = before === undefined || slice.firstAt - before.lastAt >= gap
    if (paused) began = slice.firstAt
    const partOf = (at: number) => Math.floor((at - began) / (LENGTHS * length))
    const parted = before !== undefined && partOf(before.firstAt) !== partOf(slice.firstAt)
    const [first] = current ?? []
    const long = first !== undefined && slice.lastAt - first.firstAt > length
    if (current === undefined || paused || parted || long) sessions.push([slice])
    else current.push(slice)
  }
  return sessions.map((all) => ({
    firstSeq: all[0]?.firstSeq ?? 0,
    lastSeq: all.at(-1)?.lastSeq ?? 0,
    firstAt: Math.min(...all.map(({ firstAt }) => firstAt)),
    lastAt: Math.max(...all.map(({ lastAt }) => lastAt)),
  }))
}

async function setting() {
  const { db } = await database()
  const log = openLog(db)
  let rooms = 0
  const room = async () => {
    rooms += 1
    return (await openRoom(log, `doc:${rooms}`)).id
  }
  return { pool: db.pool, room }
}

/** Reads page after page, from the oldest session to the newest. */
async function paged(db: Queryable, id: RoomId, query: Division & Partial<TimelineQuery>) {
  const found: Session[] = []
  let before: number | undefined
  do {
    const page = await readTimeline(db, id, { namedOnly: false, limit: 100, ...query, before })
    found.push(...page.sessions)
    before = page.next
  } while (before !== undefined)
  return found.reverse()
}

const pause = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: 20 * SECOND }) },
  { weight: 6, arbitrary: fc.integer({ min: 20 * SECOND, max: 15 * MINUTE }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 9 * HOUR }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 12 * DAY }) },
)
const work = fc.array(fc.tuple(pause, fc.constantFrom('ada', 'ada', 'bob')), {
  minLength: 1,
  maxLength: 400,
  size: 'max',
})
const division = fc.record({
  gap: fc.constantFrom(15 * SECOND, MINUTE, 10 * MINUTE, 3 * HOUR, DAY, 7 * DAY),
  length: fc.constantFrom(MINUTE, 10 * MINUTE, 2 * HOUR, 4 * HOUR, 17 * HOUR, 6 * DAY, 30 * DAY),
})

describe('sessions out of stretches', () => {
  it('[HIS12] are those that each minute of work makes, whatever gap and length, also as people go on', async () => {
    const { pool, room } = await setting()
    await fc.assert(
      fc.asyncProperty(
        work,
        fc.array(fc.nat(399), { maxLength: 6 }),
        fc.array(division, { minLength: 8, maxLength: 8 }),
        async (pauses, stops, divisions) => {
          const id = await room()
          let at = START
          const entries = pauses.map(([after, actor]) => {
            at += after
            return { at, actor }
          })
          const ends = [...new Set([...stops, entries.length])]
            .filter((end) => end <= entries.length)
            .sort((a, b) => a - b)
          let from = 0
          for (const end of ends) {
            const slices = slicesOf(entries.slice(from, end), from, await newestSlice(pool, id))
            await writeSlices(pool, id, slices)
            await writeStretches(pool, id, slices[0]?.firstSeq ?? 0)
            from = end
          }
          const all = slicesOf(entries)
          for (const wanted of divisions) {
            const found = await paged(pool, id, wanted)
            const expected = naive(all, wanted)
            expect(found).toMatchObject(expected)
            expect(found).toHaveLength(expected.length)
            for (const { people, firstSeq, lastSeq } of found) {
              const there = entries.slice(firstSeq - 1, lastSeq)
              for (const person of ['ada', 'bob'])
                expect(people.get(person)?.entries ?? 0).toBe(
                  there.filter(({ actor }) => actor === person).length,
                )
            }
            const bobs = found.filter(({ people }) => people.has('bob'))
            expect(await paged(pool, id, { ...wanted, person: 'bob', limit: 8 })).toEqual(bobs)
          }
        },
      ),
      { seed: 20_261_121, numRuns: 10 },
    )
  }, 180_000)

  it('[HIS12] have a control: the same work, divided otherwise, is other sessions', () => {
    const slices = slicesOf(Array.from({ length: 200 }, (_, i) => ({ at: START + i * MINUTE, actor: 'ada' })))
    const hour = { gap: 10 * MINUTE, length: HOUR }
    expect(naive(slices, hour)).not.toEqual(naive(slices, { ...hour, length: HOUR + 2 * MINUTE }))
    expect(naive(slices, hour)).not.toEqual(naive(slices, { ...hour, gap: MINUTE }))
  })

  /** Twenty thousand minutes of two people at work, fifty entries in each: a year of working days. */
  it('[HIS26] reads at most a thousand rows for a page, of a million entries and by any gap and length', async () => {
    const { pool, room } = await setting()
    const id = await room()
    await pool.query(
      `insert into history_activity
         (room_id, first_seq, last_seq, actor, first_at, last_at, entries, inserted, deleted)
       select $1, n * 50 + 1, n * 50 + 50, actor, t, t + interval '50 seconds', 25, 30, 10
       from generate_series(0, 19999) n, unnest(array['ada', 'bob']) actor,
         lateral (select timestamptz '2026-01-05 09:00Z' + (n / 240) * interval '1 day' + (n % 240) * interval '90 seconds' as t)`,
      [id],
    )
    await writeStretches(pool, id, 0)
    let rows = 0
    const counting = {
      query: async (...asked: unknown[]) => {
        const answer = await (pool.query.bind(pool) as (...args: unknown[]) => Promise<{ rows: unknown[] }>)(
          ...asked,
        )
        rows += answer.rows.length
        return answer
      },
    } as unknown as Queryable
    const counted = async (query: Partial<TimelineQuery>) => {
      rows = 0
      const usual = { gap: 10 * MINUTE, length: 4 * HOUR, namedOnly: false, limit: 20 }
      const { sessions } = await readTimeline(counting, id, { ...usual, ...query })
      return { rows, sessions: sessions.length }
    }
    expect((await counted({})).sessions).toBe(20)
    expect((await counted({})).rows).toBeLessThan(1_000)
    for (const gap of [15 * SECOND, 3 * HOUR, 7 * DAY])
      for (const length of [MINUTE, HOUR, 4 * HOUR, 30 * DAY])
        expect((await counted({ gap, length })).rows, `${gap} ${length}`).toBeLessThan(1_000)
    expect((await counted({ to: Date.parse('2026-02-01'), gap: 7 * DAY })).rows).toBeLessThan(1_000)
  })
})
