import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { thinRoom } from '../../server/history/retention/retain.ts'
import type { Seq } from '../../server/log/entry.ts'
import { DAY, replayed, type Session, typed } from './past.ts'
import { openHistory, write } from './support.ts'

const NOW = Date.now()
const SESSIONS = { sessions: NOW - 30 * DAY, versions: undefined }
const VERSIONS = { sessions: NOW - 30 * DAY, versions: NOW - 60 * DAY }
const run = { dryRun: false }
const at = (seq: Seq) => ({ kind: 'seq', seq }) as const

const session = (daysAgo: number, people: readonly string[], edits: number): Session => ({
  at: NOW - daysAgo * DAY,
  people,
  edits,
})

/** A room of old entries, in a block of history and beside it. */
async function setting(
  sessions: readonly Session[] = [
    session(90, ['ada'], 700),
    session(89, ['ada', 'bob'], 1500),
    session(40, ['bob'], 60),
  ],
) {
  const { db, log, history } = await openHistory()
  const entries = typed(sessions)
  const room = await write(log, entries)
  await db.pool.query('update rooms set changed_at = to_timestamp($1 / 1000.0)', [entries.at(-1)?.at])
  const original = (seq: Seq) => replayed(entries.slice(0, seq).map(({ bytes }) => bytes)).content
  const read = async (seq: Seq) => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, (await history.content('doc:a', at(seq), 'yjs')).bytes)
    return replayed([Y.encodeStateAsUpdate(doc)]).content
  }
  return { db, history, id: room.id, original, read }
}

const GONE = expect.objectContaining({ code: 'position-gone' })

describe('versions of a room that is thinned', () => {
  it('[HIS19] says of positions that are gone that they are, though it has just shown them', async () => {
    const { db, history, id, read } = await setting()
    await history.index('doc:a')
    for (const seq of [300, 2230]) await read(seq)
    await thinRoom(db.pool, id, SESSIONS, run)
    for (const seq of [1, 300, 1999, 2230]) {
      await expect(read(seq)).rejects.toEqual(GONE)
      const named = { title: 'Gone', description: null, pinned: false }
      await expect(history.nameVersion('doc:a', at(seq), 'ada', named)).rejects.toEqual(GONE)
      const ask = async (seqOf: (where: ReturnType<typeof at>) => Promise<Seq>) => ({
        kind: 'diff' as const,
        from: await seqOf(at(seq)),
        to: await seqOf(at(2260)),
        within: 0,
      })
      await expect(history.compare('doc:a', ask)).rejects.toEqual(GONE)
    }
    await expect(history.content('doc:a', at(2230), 'text')).rejects.toThrow(
      'of 2230, the nearest that are left are 2200 and 2260',
    )
    // A moment is answered with what is left of before.
    const moment = { kind: 'time', time: NOW - 40 * DAY + 1 } as const
    expect((await history.content('doc:a', moment, 'text')).seq).toBe(2200)
  })

  it('[HIS19] takes a position that is gone for the nearest that is left, before or after, for who asks so', async () => {
    const { db, history, id } = await setting()
    await history.index('doc:a')
    await thinRoom(db.pool, id, SESSIONS, run)
    const nearest = async (seq: Seq, side: 'before' | 'after') =>
      (await history.position('doc:a', { ...at(seq), nearest: side })).seq
    expect(await Promise.all([nearest(2230, 'before'), nearest(2230, 'after')])).toEqual([2200, 2260])
    expect(await Promise.all([nearest(1, 'before'), nearest(1, 'after')])).toEqual([0, 700])
    for (const seq of [0, 700, 2000, 2260])
      expect(await Promise.all([nearest(seq, 'before'), nearest(seq, 'after')])).toEqual([seq, seq])
    await expect(nearest(2261, 'before')).rejects.toMatchObject({ code: 'position-invalid' })
  })

  it('[HIS92] keeps versions that somebody named or pinned, and of the others the last of a day', async () => {
    const day = (hour: number, edits: number): Session => ({
      at: Date.parse('2020-03-02T00:00:00Z') + hour * 3_600_000,
      people: ['ada'],
      edits,
    })
    const { db, history, id, read, original } = await setting([
      day(8, 10),
      day(10, 10),
      day(12, 10),
      day(34, 10),
    ])
    await history.index('doc:a')
    const versions = async () =>
      (await history.versions('doc:a', { limit: 20, namedOnly: false })).map(({ seq }) => seq).reverse()
    expect(await versions()).toEqual([10, 20, 30, 40])
    const named = { title: 'Draft', description: null, pinned: false }
    await history.nameVersion('doc:a', at(15), 'ada', named)
    const [, , third] = await history.versions('doc:a', { limit: 20, namedOnly: false })
    expect(third?.seq).toBe(20)
    const said = await thinRoom(db.pool, id, { ...VERSIONS, versions: NOW }, { dryRun: true })
    expect(said).toMatchObject({ positionsLost: 37, versionsLost: 2 })
    await history.describeVersion(
      'doc:a',
      third?.id ?? '',
      { user: 'ada', administers: false },
      { pinned: true },
    )
    expect(await thinRoom(db.pool, id, { ...VERSIONS, versions: NOW }, run)).toMatchObject({
      versionsLost: 1,
    })
    expect(await versions()).toEqual([15, 20, 30, 40])
    for (const seq of await versions()) expect(await read(seq)).toEqual(original(seq))
  })

  it('[HIS95] a version that is being named keeps its position, or is told that it is gone', async () => {
    const { db, history, id } = await setting([session(90, ['ada'], 60)])
    await history.index('doc:a')
    const named = { title: 'Draft', description: null, pinned: false }
    const name = async (seq: Seq) => {
      try {
        return [(await history.nameVersion('doc:a', at(seq), 'ada', named)).seq]
      } catch (error) {
        expect(error).toEqual(GONE)
        return []
      }
    }
    const names = Promise.all(Array.from({ length: 12 }, (_, index) => name(5 * index + 2)))
    await thinRoom(db.pool, id, SESSIONS, run)
    for (const seq of (await names).flat())
      expect((await history.content('doc:a', at(seq), 'text')).seq).toBe(seq)
  })
})
