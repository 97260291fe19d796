import fc from 'fast-check'
import type pg from 'pg'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import type { CompareRequest } from '../../server/history/compare/compare.ts'
import type { History } from '../../server/history/history.ts'
import type { HistoryEntry } from '../../server/history/positions/history-document.ts'
import type { RoomId } from '../../server/log/entry.ts'
import { packRoom } from '../../server/log/pack.ts'
import { logOf, steps } from './live-room.ts'
import { contentOf, replays } from './replay.ts'
import { historyOf, openHistory, START, Typist, textOf, write } from './support.ts'

async function stateOf(history: History, seq: number, name = 'doc:a'): Promise<Y.Doc> {
  const { bytes } = await history.content(name, { kind: 'seq', seq }, 'yjs')
  const doc = new Y.Doc()
  doc.transact(() => Y.applyUpdate(doc, bytes))
  return doc
}

interface Expected {
  readonly content: unknown
  readonly vectorBytes: number
  /** Nothing where there is rich text, too. */
  readonly text: string | undefined
}

/** Where the tests look at the long log. */
const SEQS = [
  ...fc.sample(fc.integer({ min: 0, max: 4_600 }), { seed: 11, numRuns: 4 }),
  ...[
    0, 1, 10, 1_000, 1_001, 1_500, 1_999, 2_000, 2_001, 3_000, 3_500, 3_999, 4_000, 4_001, 4_100, 4_600,
    6_050,
  ],
]

/** Replaying takes seconds: once for all who ask. */
const expectedAt = lazy((): ReadonlyMap<number, Expected> => {
  const all = new Map<number, Expected>()
  for (const { seq, doc } of replays(longLog(), SEQS)) {
    const rich = doc.getXmlFragment('default').length
    all.set(seq, {
      content: contentOf(doc),
      vectorBytes: Y.encodeStateVector(doc).length,
      text: rich === 0 ? plain(doc) : undefined,
    })
  }
  return all
})

async function checkAll(history: History, seqs: Iterable<number>): Promise<void> {
  for (const seq of [...new Set(seqs)].toSorted((a, b) => a - b)) {
    const expected = expectedAt().get(seq)
    if (expected === undefined) throw new Error(`${seq} is not among those that are replayed`)
    const doc = await stateOf(history, seq)
    expect(contentOf(doc), `at ${seq}`).toEqual(expected.content)
    expect(Y.encodeStateVector(doc).length).toBe(expected.vectorBytes)
    const { bytes } = await history.content('doc:a', { kind: 'seq', seq }, 'text')
    if (expected.text !== undefined) expect(textOf(bytes), `text at ${seq}`).toBe(expected.text)
  }
}

/** Without what is embedded, which is no text. */
const plain = (doc: Y.Doc): string =>
  doc
    .getText('content')
    .toDelta()
    .map(({ insert }: { insert: unknown }) => (typeof insert === 'string' ? insert : ''))
    .join('')

/** A long log of short sessions: enough for several blocks and segments. */
const longLog = lazy((): readonly HistoryEntry[] => {
  const entries: HistoryEntry[] = []
  for (const actions of fc.sample(steps(400), { seed: 7, numRuns: 400 })) {
    if (entries.length >= 6_100) break
    const shift = entries.length
    // Each session goes on where no earlier one has been: its clients are others.
    for (const entry of logOf(actions, shift)) entries.push({ ...entry, seq: shift + entry.seq })
  }
  return entries.slice(0, 6_100)
})

function lazy<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** Packs a room up to `last`; it may be that the log's own packer is at it. */
async function packed(pool: pg.Pool, room: RoomId, last: number): Promise<void> {
  await expect
    .poll(
      async () => {
        await packRoom(pool, room)
        const { rows } = await pool.query('select max(last_seq) as last from room_segments')
        return Number(rows[0]?.last)
      },
      { timeout: 30_000 },
    )
    .toBe(last)
}

describe('any position', () => {
  it('[HIS3] is exact out of the log, out of blocks, after packing and after a restart', async () => {
    const { db, log, history } = await openHistory()
    const entries = longLog().slice(0, 4_600)
    expect(entries.length).toBe(4_600)
    const room = await write(log, entries)
    const seqs = SEQS.slice(0, 4)
    await checkAll(history, seqs)
    await history.timeline('doc:a', { gap: 60_000, length: 600_000, namedOnly: false, limit: 1 })
    const { rows } = await db.pool.query('select first_seq, last_seq from history_blocks order by 1')
    expect(rows).toEqual([
      { first_seq: '1', last_seq: '2000' },
      { first_seq: '2001', last_seq: '4000' },
    ])
    await checkAll(historyOf(db), [0, 1, 1999, 2000, 2001, 3999, 4000, 4001, 4600, ...seqs])
    await packed(db.pool, room.id, 3_000)
    await checkAll(historyOf(db), [4600, ...seqs])
  }, 120_000)

  it('[HIS3] is made again from the log where a block is damaged, and the block is replaced', async () => {
    const { db, log, history } = await openHistory()
    const entries = longLog().slice(0, 4_100)
    const room = await write(log, entries)
    await history.timeline('doc:a', { gap: 60_000, length: 600_000, namedOnly: false, limit: 1 })
    await db.pool.query(`update history_blocks set bytes = '\\x00' where first_seq = 2001`)
    await checkAll(historyOf(db), [1_500, 3_000, 4_100])
    for (const entry of longLog().slice(4_100)) room.append(entry)
    await room.durable()
    await historyOf(db).timeline('doc:a', { gap: 60_000, length: 600_000, namedOnly: false, limit: 1 })
    const { rows } = await db.pool.query('select first_seq, last_seq from history_blocks order by 1')
    expect(rows).toEqual([
      { first_seq: '1', last_seq: '2000' },
      { first_seq: '2001', last_seq: '4000' },
      { first_seq: '4001', last_seq: '6000' },
    ])
    await checkAll(historyOf(db), [1_500, 3_000, 6_050])
  }, 120_000)

  it.each([
    ['packed', 0],
    ['thinned', 1],
  ])(
    '[HIS4] is refused behind a damaged segment, and there alone: %s',
    async (_, stage) => {
      const { db, log, history } = await openHistory()
      const entries = longLog().slice(0, 3_500)
      const room = await write(log, entries)
      await packed(db.pool, room.id, 2_000)
      const damage = `update room_segments set bytes = '\\x00', stage = $1 where first_seq = 1001`
      expect(await db.pool.query(damage, [stage])).toMatchObject({ rowCount: 1 })
      await checkAll(history, [10, 1_000])
      await expect(stateOf(history, 1_001)).rejects.toMatchObject({ code: 'room-damaged' })
      await expect(stateOf(history, 3_500)).rejects.toMatchObject({ code: 'room-damaged' })
      await checkAll(history, [1_000])
    },
    60_000,
  )

  it('[HIS4] is compared with others before a damaged segment; a restore is not planned', async () => {
    const { db, log, history } = await openHistory()
    const room = await write(log, longLog().slice(0, 3_500))
    await packed(db.pool, room.id, 2_000)
    const asks = (last: number): CompareRequest[] => [
      { kind: 'diff', from: 5, to: last, within: 0 },
      { kind: 'diff', from: last, to: 5, within: 0 },
      { kind: 'blame', at: last, within: 0 },
      { kind: 'deleted', at: last, text: undefined, limit: 10 },
    ]
    const compare = (reader: History, request: CompareRequest) =>
      reader.compare('doc:a', async () => request).then(({ json }) => textOf(json))
    // What they say does not depend on how much of the room was read.
    await stateOf(history, 3_500)
    const whole: string[] = []
    for (const request of asks(1_000)) whole.push(await compare(history, request))
    const damage = `update room_segments set bytes = '\\x00' where first_seq = 1001`
    expect(await db.pool.query(damage)).toMatchObject({ rowCount: 1 })
    const later = historyOf(db)
    for (const [index, request] of asks(1_000).entries())
      expect(await compare(later, request)).toBe(whole[index])
    const restore = { kind: 'restore', target: { kind: 'version', seq: 10 }, earlier: [] } as const
    for (const request of [...asks(1_001), restore])
      await expect(compare(later, request)).rejects.toMatchObject({ code: 'room-damaged' })
  }, 60_000)

  it.each([
    ['packed', 0],
    ['thinned', 1],
  ])(
    '[HIS4] survives a damaged segment wherever a block has it, also by a version: %s',
    async (_, stage) => {
      const { db, log, history } = await openHistory()
      const entries = longLog().slice(0, 3_500)
      const room = await write(log, entries)
      await packed(db.pool, room.id, 2_000)
      await history.timeline('doc:a', { gap: 60_000, length: 600_000, namedOnly: false, limit: 1 })
      const text = { title: 'Kept', description: null, pinned: true }
      const { id } = await history.nameVersion('doc:a', { kind: 'seq', seq: 1_500 }, 'ada', text)
      const damage = `update room_segments set bytes = '\\x00', stage = $1 where first_seq = 1001`
      expect(await db.pool.query(damage, [stage])).toMatchObject({ rowCount: 1 })
      await checkAll(historyOf(db), [10, 1_000, 1_001, 2_000, 3_500])
      const byVersion = await historyOf(db).content('doc:a', { kind: 'version', id }, 'text')
      expect(byVersion.seq).toBe(1_500)
      // Whoever names a position asks the log when that was.
      const named = historyOf(db).nameVersion('doc:a', { kind: 'seq', seq: 1_500 }, 'ada', text)
      await expect(named).rejects.toMatchObject({ code: 'room-damaged' })
    },
    60_000,
  )

  it('[HIS5] is found by its time: the last entry made at or before it', async () => {
    const { db, log, history } = await openHistory()
    const typist = new Typist()
    for (let i = 1; i <= 2_500; i += 1) typist.type(i * 1_000, 'ada', `${i % 10}`)
    const room = await write(log, typist.entries)
    const seqAt = async (time: number, reader: History) =>
      (await reader.content('doc:a', { kind: 'time', time }, 'text')).seq
    const times: [number, number][] = [
      [-1, 0],
      [999, 0],
      [1_000, 1],
      [1_001, 1],
      [1_999_999, 1_999],
      [2_500_000, 2_500],
      [9_999_999, 2_500],
    ]
    for (const [after, seq] of times) expect(await seqAt(START + after, history)).toBe(seq)
    await packed(db.pool, room.id, 1_000)
    for (const [after, seq] of times) expect(await seqAt(START + after, historyOf(db))).toBe(seq)
  })

  it('[HIS6] is made once for all who ask for it, and kept', async () => {
    const { log, history } = await openHistory()
    await write(log, longLog().slice(0, 500))
    const asked = Array.from({ length: 50 }, () =>
      history.content('doc:a', { kind: 'seq', seq: 400 }, 'json'),
    )
    const answers = new Set((await Promise.all(asked)).map(({ bytes }) => bytes))
    answers.add((await history.content('doc:a', { kind: 'seq', seq: 400 }, 'json')).bytes)
    expect(answers.size).toBe(1)
  })

  it('[HIS7] that there is none of is refused', async () => {
    const { log, history } = await openHistory()
    await write(log, longLog().slice(0, 20))
    await expect(history.content('doc:a', { kind: 'seq', seq: 21 }, 'text')).rejects.toMatchObject({
      code: 'position-invalid',
    })
    await expect(history.content('doc:b', undefined, 'text')).rejects.toMatchObject({
      code: 'room-not-found',
    })
    await expect(
      history.content('doc:a', { kind: 'version', id: '00000000-0000-4000-8000-000000000000' }, 'text'),
    ).rejects.toMatchObject({ code: 'version-not-found' })
  })
})
