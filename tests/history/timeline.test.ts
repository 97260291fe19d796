import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { History } from '../../server/history/history.ts'
import { type Session, sessionsOf } from '../../server/history/timeline/sessions.ts'
import { stretchOf } from '../../server/history/timeline/stretches.ts'
import type { TimelineQuery } from '../../server/history/timeline/timeline.ts'
import { openRoom } from '../log/fixture.ts'
import { historyOf, openHistory, START, Typist, write } from './support.ts'

const MINUTE = 60_000
const QUERY: TimelineQuery = { gap: 10 * MINUTE, length: 240 * MINUTE, namedOnly: false, limit: 20 }

const seqs = async (history: History, query: Partial<TimelineQuery> = {}) =>
  (await history.timeline('doc:a', { ...QUERY, ...query })).sessions.map(({ firstSeq, lastSeq }) => [
    firstSeq,
    lastSeq,
  ])

/** Two people at nine, one of them again at ten and at noon. */
function morning(): Typist {
  return new Typist()
    .type(0, 'ada', 'hello ')
    .type(1_000, 'bob', 'world')
    .edit(2_000, 'ada', (doc) => doc.getText('content').delete(0, 6))
    .type(3 * MINUTE, 'ada', '!')
    .type(60 * MINUTE, 'bob', 'later')
    .type(61 * MINUTE, 'bob', ' on')
    .type(180 * MINUTE, 'bob', ' noon')
}

describe('the timeline', () => {
  it('[HIS12] groups editing into sessions, each with its people and what they added and removed', async () => {
    const { log, history } = await openHistory()
    await write(log, morning().entries)
    const { sessions, next } = await history.timeline('doc:a', QUERY)
    expect(next).toBe(undefined)
    expect(
      sessions.map(({ people, versions: _, ...session }) => ({
        ...session,
        people: Object.fromEntries(people),
      })),
    ).toEqual([
      {
        firstSeq: 7,
        lastSeq: 7,
        before: 6,
        after: 7,
        firstAt: START + 180 * MINUTE,
        lastAt: START + 180 * MINUTE,
        people: { bob: expect.objectContaining({ entries: 1, inserted: 5, deleted: 0 }) },
      },
      {
        firstSeq: 5,
        lastSeq: 6,
        before: 4,
        after: 6,
        firstAt: START + 60 * MINUTE,
        lastAt: START + 61 * MINUTE,
        people: { bob: expect.objectContaining({ entries: 2, inserted: 8, deleted: 0 }) },
      },
      {
        firstSeq: 1,
        lastSeq: 4,
        before: 0,
        after: 4,
        firstAt: START,
        lastAt: START + 3 * MINUTE,
        people: {
          ada: {
            entries: 3,
            inserted: 7,
            deleted: 6,
            firstAt: START,
            lastAt: START + 3 * MINUTE,
          },
          bob: { entries: 1, inserted: 5, deleted: 0, firstAt: START + 1_000, lastAt: START + 1_000 },
        },
      },
    ])
  })

  it('[HIS12] is divided as its reader asks, without being written anew', async () => {
    const { log, history } = await openHistory()
    await write(log, morning().entries)
    expect(await seqs(history, { gap: MINUTE })).toEqual([
      [7, 7],
      [6, 6],
      [5, 5],
      [4, 4],
      [1, 3],
    ])
    expect(await seqs(history, { gap: 57 * MINUTE })).toEqual([
      [7, 7],
      [5, 6],
      [1, 4],
    ])
    expect(await seqs(history, { gap: 90 * MINUTE })).toEqual([
      [7, 7],
      [1, 6],
    ])
    expect(await seqs(history, { gap: 90 * MINUTE, length: 60.5 * MINUTE })).toEqual([
      [7, 7],
      [6, 6],
      [1, 5],
    ])
    expect(await seqs(history, { gap: 1_000 * MINUTE, length: 1_000 * MINUTE })).toEqual([[1, 7]])
  })

  it('[HIS12] counts characters of text, and once each: not marks, elements or what was deleted already', async () => {
    const { log, history } = await openHistory()
    const typist = new Typist().type(0, 'ada', 'one two')
    const offline = new Typist()
    typist
      .edit(1_000, 'ada', (doc) => doc.getText('content').format(0, 3, { bold: true }))
      .edit(2_000, 'ada', (doc) => doc.getMap('meta').set('title', 'a long title'))
      .edit(3_000, 'ada', (doc) => doc.getMap('meta').set('title', 'another'))
      .edit(4_000, 'ada', (doc) => doc.getText('content').delete(0, 7))
    offline.entries.push(...typist.entries.map((entry) => ({ ...entry })))
    // Everything once more, as from somebody who reconnects to a server that asked for all of it.
    offline.entries.push(...typist.entries.map((entry) => ({ ...entry, actor: 'bob', at: entry.at + 5_000 })))
    await write(log, offline.entries)
    const { sessions } = await history.timeline('doc:a', QUERY)
    expect(sessions.map(({ people }) => Object.fromEntries(people))).toMatchObject([
      { ada: { entries: 5, inserted: 7, deleted: 7 }, bob: { entries: 5, inserted: 0, deleted: 0 } },
    ])
  })

  it('[HIS12] takes nobody for an editor who only publishes events in the room, and shows no session of those', async () => {
    const { log, history } = await openHistory()
    const room = await openRoom(log)
    const says = (after: number, actor: string) => ({
      at: START + after,
      actor,
      bytes: Buffer.from('{}'),
      event: { type: 'chat.message', id: `${actor}-${after}` },
    })
    const [typed] = new Typist().type(0, 'ada', 'hello').entries
    for (const entry of [typed, says(1_000, 'bob'), says(2_000, 'ada'), says(60 * MINUTE, 'bob')])
      if (entry !== undefined) room.append(entry)
    await room.durable()
    const { sessions } = await history.timeline('doc:a', QUERY)
    expect(sessions).toMatchObject([{ firstSeq: 1, lastSeq: 3 }])
    expect(sessions[0]?.people.get('ada')).toMatchObject({ entries: 1, inserted: 5 })
    expect(sessions[0]?.people.has('bob')).toBe(false)
    expect((await history.writers('doc:a')).map(({ id }) => id)).toEqual(['ada'])
  })

  it('[HIS13] shows only sessions of a person, of a time, or with a name', async () => {
    const { log, history } = await openHistory()
    await write(log, morning().entries)
    const text = { title: 'Draft', description: null, pinned: false }
    await history.nameVersion('doc:a', { kind: 'seq', seq: 6 }, 'ada', text)
    expect(await seqs(history, { person: 'ada' })).toEqual([[1, 4]])
    expect(await seqs(history, { person: 'nobody' })).toEqual([])
    expect(await seqs(history, { from: START + 61 * MINUTE })).toEqual([
      [7, 7],
      [5, 6],
    ])
    expect(await seqs(history, { to: START + 60 * MINUTE })).toEqual([[1, 4]])
    expect(await seqs(history, { from: START + 4 * MINUTE, to: START + 180 * MINUTE })).toEqual([[5, 6]])
    expect(await seqs(history, { namedOnly: true })).toEqual([[5, 6]])
    expect(await seqs(history, { namedOnly: true, person: 'ada' })).toEqual([])
    expect(await seqs(history, { namedOnly: true, person: 'ada', gap: 57 * MINUTE })).toEqual([])
    expect(await seqs(history, { namedOnly: true, person: 'ada', gap: 90 * MINUTE })).toEqual([[1, 6]])
    const { sessions } = await history.timeline('doc:a', { ...QUERY, namedOnly: true })
    expect(sessions[0]?.versions.map(({ kind, seq }) => [kind, seq]).sort()).toEqual([
      ['automatic', 6],
      ['named', 6],
    ])
  })

  it('[HIS14] pages without losing, repeating or dividing anew, while people go on', async () => {
    const { log, history } = await openHistory()
    const typist = new Typist()
    // Ten hours without a break: only the length divides them; then ten sessions of their own.
    for (let i = 0; i < 600; i += 1) typist.type(i * MINUTE, i % 7 === 0 ? 'bob' : 'ada', 'x')
    for (let i = 0; i < 10; i += 1) typist.type((700 + i * 30) * MINUTE, 'ada', 'y')
    const room = await write(log, typist.entries)
    const query = { ...QUERY, length: 60 * MINUTE }
    const whole = await history.timeline('doc:a', { ...query, limit: 100 })
    const paged: unknown[] = []
    let before: number | undefined
    do {
      const page = await history.timeline('doc:a', { ...query, limit: 3, before })
      paged.push(...page.sessions)
      before = page.next
      typist.type(990 * MINUTE + paged.length, 'cleo', 'z')
      const last = typist.entries.at(-1)
      if (last !== undefined) room.append(last)
      await room.durable()
    } while (before !== undefined)
    expect(whole.sessions.length).toBe(20)
    expect(paged).toEqual(whole.sessions)
    let follows = 611
    for (const { firstSeq, lastSeq } of whole.sessions) {
      expect(lastSeq).toBe(follows - 1)
      follows = firstSeq
    }
    expect(follows).toBe(1)
  })

  it('[HIS15] has everything that is committed when it is asked for, also after a crash and from another node', async () => {
    const { db, log, history } = await openHistory()
    const typist = new Typist()
    const room = await write(log, typist.type(0, 'ada', 'a').entries)
    for (let i = 2; i <= 30; i += 1) {
      typist.type(i * 1_000, 'ada', 'b')
      const last = typist.entries.at(-1)
      if (last !== undefined) room.append(last)
      await room.durable()
      const reader = i % 10 === 0 ? historyOf(db) : history
      const { sessions } = await reader.timeline('doc:a', QUERY)
      expect(sessions.map(({ people, lastSeq }) => [lastSeq, people.get('ada')?.inserted])).toEqual([[i, i]])
    }
  })

  it('[HIS15] is kept as entries are committed, without being asked for', async () => {
    const { db, log, history } = await openHistory()
    log.onOpen((room) => history.watch(room))
    const typist = new Typist()
    for (let i = 0; i < 3_000; i += 1) typist.type(i * 100, 'ada', 'a')
    await write(log, typist.entries)
    await expect
      .poll(
        async () => (await db.pool.query('select max(last_seq) as last from history_activity')).rows[0]?.last,
        {
          timeout: 20_000,
        },
      )
      .toBe('3000')
  })

  it('[HIS15] is made again where it was taken away', async () => {
    const { db, log, history } = await openHistory()
    const typist = new Typist()
    for (let i = 0; i < 4_100; i += 1) typist.type(i * 1_000, i % 3 === 0 ? 'bob' : 'ada', 'a')
    await write(log, typist.entries)
    const before = await history.timeline('doc:a', QUERY)
    await db.pool.query('delete from history_activity')
    expect(await history.timeline('doc:a', QUERY)).toEqual(before)
    await db.pool.query('delete from history_activity')
    expect(await historyOf(db).timeline('doc:a', QUERY)).toEqual(before)
    await db.pool.query('delete from history_stretches')
    expect(await history.timeline('doc:a', QUERY)).toEqual(before)
  })

  it('[HIS13] finds by any filter, on any page, what dividing the whole room and filtering it gives', async () => {
    const { log, history } = await openHistory()
    let rooms = 0
    const pause = fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
      { weight: 2, arbitrary: fc.integer({ min: MINUTE, max: 40 * MINUTE }) },
    )
    const edits = fc.array(fc.tuple(pause, fc.constantFrom('ada', 'ada', 'bob', 'cleo')), {
      minLength: 1,
      maxLength: 120,
      size: 'max',
    })
    const filter = fc.record({
      gap: fc.constantFrom(1, 5, 15).map((minutes) => minutes * MINUTE),
      length: fc.constantFrom(1, 7, 60).map((minutes) => minutes * MINUTE),
      person: fc.option(fc.constantFrom('ada', 'bob', 'cleo'), { nil: undefined }),
      from: fc.option(fc.nat(600), { nil: undefined }),
      to: fc.option(fc.nat(600), { nil: undefined }),
      namedOnly: fc.boolean(),
      limit: fc.integer({ min: 1, max: 5 }),
    })
    await fc.assert(
      fc.asyncProperty(
        edits,
        fc.array(fc.nat(119), { maxLength: 4 }),
        fc.array(filter, { minLength: 6, maxLength: 6 }),
        async (pauses, named, filters) => {
          rooms += 1
          const name = `doc:${rooms}`
          const typist = new Typist()
          let now = 0
          for (const [after, actor] of pauses) {
            now += after
            typist.type(now, actor, 'x')
          }
          await write(log, typist.entries, name)
          const text = { title: 'Named', description: null, pinned: false }
          for (const index of named)
            await history.nameVersion(name, { kind: 'seq', seq: 1 + (index % pauses.length) }, 'ada', text)
          for (const { from, to, ...query } of filters) {
            const division = { gap: query.gap, length: query.length, namedOnly: false, limit: 1_000 }
            const { sessions: all } = await history.timeline(name, division)
            const times = {
              from: from === undefined ? undefined : START + from * MINUTE,
              to: to === undefined ? undefined : START + to * MINUTE,
            }
            const expected = all.filter(
              ({ people, firstAt, lastAt, versions }) =>
                (query.person === undefined || people.has(query.person)) &&
                (times.from === undefined || lastAt >= times.from) &&
                (times.to === undefined || firstAt < times.to) &&
                (!query.namedOnly || versions.some(({ kind }) => kind === 'named')),
            )
            const paged: unknown[] = []
            let before: number | undefined
            do {
              const page = await history.timeline(name, { ...query, ...times, before })
              paged.push(...page.sessions)
              before = page.next
            } while (before !== undefined)
            expect(paged).toEqual(expected)
          }
        },
      ),
      { seed: 20_260_104, numRuns: 10 },
    )
  }, 120_000)
})

it('[HIS12] a session has as many slices as a month of work can have', async () => {
  const IDLE = 15_000
  const share = (at: number) => ({ firstAt: at, lastAt: at, entries: 1, inserted: 1, deleted: 0 })
  async function* slices() {
    for (let seq = (30 * 24 * 60 * MINUTE) / IDLE; seq > 0; seq -= 1) {
      const at = START + seq * IDLE
      const people = new Map([['ada', share(at)]])
      yield stretchOf({ firstSeq: seq, lastSeq: seq, firstAt: at, lastAt: at, people }, at - IDLE)
    }
  }
  const sessions: Session[] = []
  const division = { gap: MINUTE, length: 30 * 24 * 60 * MINUTE }
  const source = { stretches: slices(), open: async () => [], began: async () => START }
  for await (const session of sessionsOf(source, division)) sessions.push(session)
  expect(sessions).toMatchObject([{ firstSeq: 1, lastSeq: 172_800, firstAt: START + IDLE }])
})
