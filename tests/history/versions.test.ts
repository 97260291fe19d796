import { describe, expect, it } from 'vitest'
import type { History } from '../../server/history/history.ts'
import { insertDocument, insertLog } from '../../server/transfer/insert-room.ts'
import { openHistory, START, Typist, textOf, write } from './support.ts'

const MINUTE = 60_000
const ALL = { limit: 100, namedOnly: false }
const ADA = { user: 'ada', administers: false }
const BOB = { user: 'bob', administers: false }
const EVE = { user: 'eve', administers: true }
const TEXT = { title: 'First draft', description: 'What we sent', pinned: false }

const automatic = async (history: History) =>
  (await history.versions('doc:a', ALL))
    .filter(({ kind }) => kind === 'automatic')
    .map(({ seq, reason, at }) => [seq, reason, at.getTime() - START])

describe('automatic versions', () => {
  it('[HIS16] are kept where people paused, the last of them too', async () => {
    const { log, history } = await openHistory()
    const typist = new Typist()
      .type(0, 'ada', 'a')
      .type(9 * MINUTE, 'ada', 'b')
      .type(19 * MINUTE, 'ada', 'c')
      .type(20 * MINUTE, 'bob', 'd')
    await write(log, typist.entries)
    expect(await automatic(history)).toEqual([
      [4, 'idle', 20 * MINUTE],
      [2, 'idle', 9 * MINUTE],
    ])
    expect(await automatic(history)).toHaveLength(2)
  })

  it('[HIS16] are not kept of a pause that is not over', async () => {
    const { log, history } = await openHistory()
    const typist = new Typist().type(Date.now() - START, 'ada', 'a')
    await write(log, typist.entries)
    expect(await automatic(history)).toEqual([])
  })

  it('[HIS16] are kept of each so much change, however long nobody pauses', async () => {
    const { log, history } = await openHistory()
    const typist = new Typist()
    const now = Date.now() - START
    for (let i = 0; i < 50; i += 1) typist.type(now - (50 - i) * MINUTE, 'ada', 'x'.repeat(1_000))
    await write(log, typist.entries)
    expect((await automatic(history)).map(([seq, reason]) => [seq, reason])).toEqual([
      [40, 'size'],
      [30, 'size'],
      [20, 'size'],
      [10, 'size'],
    ])
  })

  it('[HIS16] are kept before and after what is done to the whole room, once', async () => {
    const { log, history } = await openHistory()
    await write(log, new Typist().type(Date.now() - START, 'ada', 'a').entries)
    await history.keepVersion('doc:a', 1, 'restore', 'ada')
    await history.keepVersion('doc:a', 1, 'restore', 'ada')
    expect((await automatic(history)).map(([seq, reason]) => [seq, reason])).toEqual([[1, 'restore']])
  })

  it('[HIS16] are kept of what was imported, in the transaction that brings it in', async () => {
    const { db, history } = await openHistory()
    const { entries } = new Typist().type(0, 'ada', 'one').type(1_000, 'bob', ' two')
    const [first] = entries
    if (first === undefined) throw new Error('nothing was typed')
    const shown = { title: null, editor: null }
    for (let times = 0; times < 2; times += 1) await insertDocument(db.pool, 'doc:a', first, shown)
    expect(await automatic(history)).toEqual([[1, 'import', 0]])
    async function* log() {
      for (const [index, entry] of entries.entries()) yield { ...entry, seq: index + 1 }
    }
    const header = { createdAt: new Date(START).toISOString(), createdBy: 'cleo', room: 'doc:b' }
    await insertLog(db.pool, 'doc:b', header, log(), { shown: () => shown })
    expect(await history.versions('doc:b', ALL)).toMatchObject([{ seq: 2, reason: 'import', author: 'cleo' }])
  })
})

describe('named versions', () => {
  it('[HIS17] are made of any position, read by their id, described anew and deleted', async () => {
    const { log, history } = await openHistory()
    const typist = new Typist().type(0, 'ada', 'one').type(1_000, 'ada', ' two').type(2_000, 'ada', ' three')
    await write(log, typist.entries)
    const newest = await history.nameVersion('doc:a', undefined, 'ada', TEXT)
    expect(newest).toMatchObject({ seq: 3, kind: 'named', author: 'ada', reason: null, ...TEXT })
    expect(newest.at.getTime()).toBe(START + 2_000)
    const timed = await history.nameVersion('doc:a', { kind: 'time', time: START + 1_500 }, 'bob', TEXT)
    const empty = await history.nameVersion('doc:a', { kind: 'seq', seq: 0 }, 'bob', TEXT)
    expect([timed.seq, empty.seq]).toEqual([2, 0])
    const { bytes, seq } = await history.content('doc:a', { kind: 'version', id: timed.id }, 'text')
    expect([seq, textOf(bytes)]).toEqual([2, 'one two'])

    expect(await history.describeVersion('doc:a', timed.id, BOB, { title: 'Second', pinned: true })).toEqual({
      ...timed,
      title: 'Second',
      pinned: true,
    })
    expect(await history.describeVersion('doc:a', timed.id, BOB, { description: null })).toMatchObject({
      title: 'Second',
      description: null,
      author: 'bob',
    })
    await history.deleteVersion('doc:a', timed.id, BOB)
    await expect(history.version('doc:a', timed.id)).rejects.toMatchObject({ code: 'version-not-found' })
    await expect(history.deleteVersion('doc:a', timed.id, BOB)).rejects.toMatchObject({
      code: 'version-not-found',
    })
  })

  it('[HIS17] never touch the document', async () => {
    const { db, log, history } = await openHistory()
    await write(log, new Typist().type(0, 'ada', 'one').entries)
    const room = () => db.pool.query('select head, changed_at, title from rooms')
    const { rows: before } = await room()
    const { id } = await history.nameVersion('doc:a', undefined, 'ada', TEXT)
    await history.describeVersion('doc:a', id, ADA, { title: 'Another' })
    await history.deleteVersion('doc:a', id, ADA)
    expect((await room()).rows).toEqual(before)
  })

  it('[HIS17] can be made of an automatic one, whose author is then who named it', async () => {
    const { log, history } = await openHistory()
    await write(log, new Typist().type(0, 'ada', 'one').entries)
    const [kept] = await history.versions('doc:a', ALL)
    expect(kept).toMatchObject({ kind: 'automatic', author: 'system', title: null })
    const named = await history.describeVersion('doc:a', kept?.id ?? '', BOB, { title: 'Named' })
    expect(named).toMatchObject({ kind: 'named', author: 'bob', title: 'Named', seq: 1, reason: null })
    expect(await history.versions('doc:a', { ...ALL, namedOnly: true })).toEqual([named])
  })

  it('[HIS16] [HIS17] stay deleted that were kept by themselves, and others are kept at later pauses', async () => {
    const { log, history } = await openHistory()
    const typist = new Typist().type(0, 'ada', 'one').type(20 * MINUTE, 'ada', ' two')
    const room = await write(log, typist.entries)
    const [kept, first] = await history.versions('doc:a', ALL)
    expect([kept?.seq, first?.seq]).toEqual([2, 1])
    await history.deleteVersion('doc:a', kept?.id ?? '', BOB)
    expect(await history.versions('doc:a', ALL)).toEqual([first])
    typist.type(40 * MINUTE, 'ada', ' three')
    for (const entry of typist.entries.slice(2)) room.append(entry)
    await room.durable()
    expect(await automatic(history)).toEqual([
      [3, 'idle', 40 * MINUTE],
      [1, 'idle', 0],
    ])
    await history.deleteVersion('doc:a', first?.id ?? '', BOB)
    expect(await automatic(history)).toEqual([[3, 'idle', 40 * MINUTE]])
  })

  it('[HIS16] [HIS17] are not kept by themselves a second time, once they have a name', async () => {
    const { log, history } = await openHistory()
    const typist = new Typist().type(0, 'ada', 'one')
    const room = await write(log, typist.entries)
    const [kept] = await history.versions('doc:a', ALL)
    const named = await history.describeVersion('doc:a', kept?.id ?? '', BOB, { title: 'Named' })
    expect(await history.versions('doc:a', ALL)).toEqual([named])
    for (const entry of typist.type(20 * MINUTE, 'ada', ' two').entries.slice(1)) room.append(entry)
    await room.durable()
    const [later, ...earlier] = await history.versions('doc:a', ALL)
    expect(later).toMatchObject({ seq: 2, kind: 'automatic', reason: 'idle' })
    expect(earlier).toEqual([named])
    await history.deleteVersion('doc:a', named.id, BOB)
    expect(await history.versions('doc:a', ALL)).toEqual([later])
  })

  it('[HIS23] are their author’s and the administrators’ to change, and nobody else’s', async () => {
    const { log, history } = await openHistory()
    await write(log, new Typist().type(0, 'ada', 'one').entries)
    const { id } = await history.nameVersion('doc:a', undefined, 'ada', TEXT)
    const another = expect.objectContaining({ code: 'version-of-another' })
    for (const change of [{ title: 'Mine' }, { description: null }, { pinned: true }, { pinned: false }])
      await expect(history.describeVersion('doc:a', id, BOB, change)).rejects.toEqual(another)
    await expect(history.deleteVersion('doc:a', id, BOB)).rejects.toEqual(another)
    expect(await history.version('doc:a', id)).toMatchObject({ ...TEXT, author: 'ada' })
    // An administrator changes it, and it stays its author's.
    expect(await history.describeVersion('doc:a', id, EVE, { pinned: true })).toMatchObject({ author: 'ada' })
    expect(await history.describeVersion('doc:a', id, ADA, { title: 'Ours' })).toMatchObject({
      title: 'Ours',
    })
    await history.deleteVersion('doc:a', id, EVE)
    expect(await history.versions('doc:a', { ...ALL, namedOnly: true })).toEqual([])
  })

  it('[HIS23] that nobody has named or pinned are everybody’s, until somebody does', async () => {
    const { log, history } = await openHistory()
    await write(log, new Typist().type(0, 'ada', 'one').entries)
    const [kept] = await history.versions('doc:a', ALL)
    const id = kept?.id ?? ''
    expect(await history.describeVersion('doc:a', id, BOB, { pinned: true })).toMatchObject({
      kind: 'automatic',
      author: 'bob',
    })
    const another = expect.objectContaining({ code: 'version-of-another' })
    await expect(history.describeVersion('doc:a', id, ADA, { pinned: false })).rejects.toEqual(another)
    await expect(history.describeVersion('doc:a', id, ADA, { title: 'Mine' })).rejects.toEqual(another)
    await history.describeVersion('doc:a', id, BOB, { pinned: false })
    expect(await history.describeVersion('doc:a', id, ADA, { title: 'Mine' })).toMatchObject({
      author: 'ada',
    })
    await expect(history.deleteVersion('doc:a', id, BOB)).rejects.toEqual(another)
  })

  it('[HIS23] are taken by one, where two want the same at once', async () => {
    const { log, history } = await openHistory()
    await write(log, new Typist().type(0, 'ada', 'one').entries)
    const [kept] = await history.versions('doc:a', ALL)
    const ends = await Promise.allSettled(
      [ADA, BOB, ADA, BOB].map((editor) =>
        history.describeVersion('doc:a', kept?.id ?? '', editor, { title: editor.user }),
      ),
    )
    const version = await history.version('doc:a', kept?.id ?? '')
    expect(version.title).toBe(version.author)
    expect(ends.filter(({ status }) => status === 'rejected')).toHaveLength(2)
  })

  it('[HIS17] belong to their room alone', async () => {
    const { log, history } = await openHistory()
    await write(log, new Typist().type(0, 'ada', 'one').entries)
    await write(log, new Typist().type(0, 'ada', 'two').entries, 'doc:b')
    const { id } = await history.nameVersion('doc:a', undefined, 'ada', TEXT)
    for (const attempt of [
      () => history.version('doc:b', id),
      () => history.deleteVersion('doc:b', id, ADA),
      () => history.describeVersion('doc:b', id, ADA, { title: 'mine' }),
      () => history.content('doc:b', { kind: 'version', id }, 'text'),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ code: 'version-not-found' })
    }
  })

  it('[HIS17] are listed newest position first, in pages', async () => {
    const { log, history } = await openHistory()
    const typist = new Typist()
    for (let i = 0; i < 6; i += 1) typist.type(i * 1_000, 'ada', 'a')
    await write(log, typist.entries)
    for (const seq of [3, 1, 3, 6, 2, 3])
      await history.nameVersion('doc:a', { kind: 'seq', seq }, 'ada', TEXT)
    const query = { limit: 2, namedOnly: true }
    const seqs: number[] = []
    let page = await history.versions('doc:a', query)
    while (page.length > 0) {
      seqs.push(...page.map(({ seq }) => seq))
      page = await history.versions('doc:a', { ...query, after: page.at(-1) })
    }
    expect(seqs).toEqual([6, 3, 3, 3, 2, 1])
  })
})
