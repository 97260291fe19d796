import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { History } from '../../server/history/history.ts'
import { thinRoom } from '../../server/history/retention/retain.ts'
import { packRoom } from '../../server/log/pack.ts'
import { DAY, typed } from '../history/past.ts'
import { historyOf } from '../history/support.ts'
import { type AtEnd, database, entriesOf, openLog, openRoom } from '../log/fixture.ts'
import { until } from '../support/server.ts'
import { folder, syncline } from './support.ts'

const NOW = Date.now()

/** A room of 3,300 entries, part of them thinned, part packed, part as rows; and its exported log. */
async function exported(atEnd: AtEnd = onTestFinished) {
  const { db, url } = await database(atEnd)
  const log = openLog(db, undefined, atEnd)
  const room = await openRoom(log)
  const old = [50, 49, 48].map((days) => ({ at: NOW - days * DAY, people: ['ada', 'bob'], edits: 400 }))
  for (const entry of typed([...old, { at: NOW - DAY, people: ['ada', 'eve'], edits: 2100 }]))
    room.append(entry)
  await room.durable()
  const rows = async () => (await db.pool.query('select from room_updates')).rowCount ?? 0
  await until(async () => (await packRoom(db.pool, room.id)) + (await rows()) < 2000)
  await thinRoom(
    db.pool,
    room.id,
    { sessions: Date.now() - 30 * DAY, versions: undefined },
    { dryRun: false },
  )
  const file = join(await folder(atEnd), 'a.log')
  expect(await syncline(url, 'export', 'doc:a', '--all', '--out', file)).toEqual({ code: 0, output: '' })
  return { db, url, log, file }
}

/** For all who only read it. */
let one: Awaited<ReturnType<typeof exported>>
beforeAll(async () => {
  const ends: (() => Promise<void>)[] = []
  one = await exported((end) => ends.unshift(end))
  return async () => {
    for (const end of ends) await end()
  }
}, 120_000)

describe('a whole log', { timeout: 120_000 }, () => {
  it('[HIS100] exported and imported elsewhere is the same log, byte for byte', async () => {
    const other = await database()
    const { output } = await syncline(other.url, 'import', one.file)
    expect(output).toBe(`${one.file}: doc:a imported\n`)
    const there = await entriesOf(openLog(other.db))
    expect(there).toEqual(await entriesOf(one.log))
    expect(there.some(({ merged }) => merged !== undefined)).toBe(true)
    const again = `${one.file}.again`
    await syncline(other.url, 'export', 'doc:a', '--all', '--out', again)
    expect(await readFile(again)).toEqual(await readFile(one.file))
    expect((await syncline(other.url, 'verify')).output).toContain('1 rooms verified, 0 damaged')
    // And it takes edits, which follow.
    const room = await openRoom(openLog(other.db))
    room.append({ actor: 'ada', at: Date.now(), bytes: Uint8Array.of(0, 0) })
    expect(await room.durable()).toBe(3301)
  })

  it('[HIS108] that retention has thinned in part is read as it was, and thinned on by the rules of where it is now', async () => {
    const other = await database()
    await syncline(other.url, 'import', one.file)
    const log = openLog(other.db)
    const before = await entriesOf(log)
    const merged = before.findLast((entry) => entry.merged !== undefined)?.seq ?? 0
    const { rows } = await other.db.pool.query(
      'select first_seq::int as first, last_seq::int as last, stage from room_segments order by 1',
    )
    expect(rows.filter(({ last }) => last <= merged).map(({ stage }) => stage)).toEqual([1])
    expect(new Set(rows.filter(({ first }) => first > merged).map(({ stage }) => stage))).toEqual(
      new Set([0]),
    )
    expect(rows.find(({ first }) => first === merged + 1)).toBeDefined()

    const [here, there] = [historyOf(one.db), historyOf(other.db)]
    const read = async (history: History, seq: number) => {
      const { bytes } = await history.content('doc:a', { kind: 'seq', seq }, 'json')
      return Buffer.from(bytes).toString()
    }
    for (const seq of [400, merged, merged + 1, 3300])
      expect(await read(there, seq)).toBe(await read(here, seq))
    for (const history of [here, there])
      await expect(read(history, 17)).rejects.toMatchObject({ code: 'position-gone' })
    const sessions = async (history: History) => {
      const query = { gap: 600_000, length: 4 * 3_600_000, namedOnly: false, limit: 20 }
      return (await history.timeline('doc:a', query)).sessions.map(({ versions: _, ...session }) => session)
    }
    expect(await sessions(there)).toEqual(await sessions(here))
    expect([...((await sessions(there)).at(-1)?.people.keys() ?? [])]).toEqual(
      expect.arrayContaining(['ada', 'bob']),
    )

    const room = await openRoom(log)
    const cutoffs = { sessions: Date.now(), versions: undefined }
    const thinned = await thinRoom(other.db.pool, room.id, cutoffs, { dryRun: false })
    expect(thinned).toMatchObject({ first: merged + 1, last: 3300 })
    const after = await entriesOf(log)
    expect(after.filter(({ seq }) => seq <= merged)).toEqual(before.filter(({ seq }) => seq <= merged))
    expect(after.length).toBeLessThan(before.length)
  })

  it('[HIS102] imported again is there already, also when it has gone on; another log of that name is refused', async () => {
    const { url, db, file, log } = await exported()
    expect((await syncline(url, 'import', file)).output).toContain('there already')
    const room = await openRoom(log)
    room.append({ actor: 'ada', at: Date.now(), bytes: Uint8Array.of(0, 0) })
    await room.durable()
    expect((await syncline(url, 'import', file)).output).toContain('there already')
    await db.pool.query(`update room_updates set actor = 'mallory' where seq = 3000`)
    const refused = await syncline(url, 'import', file)
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.output).toContain('doc:a is there with another log')
  })

  it('[HIS101] brings nothing in, where it was cut or changed anywhere, or makes no document', async () => {
    const { file } = one
    const other = await database()
    const lines = (await readFile(file, 'utf8')).split('\n')
    const spoilt: Record<string, readonly string[]> = {
      'the file ends after line': lines.slice(0, 900),
      'entry ': lines.toSpliced(600, 1),
      'the file is not as it was written': lines.with(
        700,
        (lines[700] ?? '').replace(/"actor":"\w+"/, '"actor":"mallory"'),
      ),
      'is not JSON': lines.with(5, '{'),
      'something follows the last line': [...lines.slice(0, -1), '{}', ''],
    }
    for (const [problem, content] of Object.entries(spoilt)) {
      await writeFile(`${file}.spoilt`, content.join('\n'))
      const { code, output } = await syncline(other.url, 'import', `${file}.spoilt`)
      expect([code, output]).toEqual([1, expect.stringContaining(problem)])
    }
    expect((await other.db.pool.query('select from rooms')).rowCount).toBe(0)
    expect((await other.db.pool.query('select from room_segments')).rowCount).toBe(0)
  })
})

describe('one position', { timeout: 120_000 }, () => {
  it('[HIS103] is written as text or as one update, by its seq or by a time', async () => {
    const { url, log } = one
    const newest = await syncline(url, 'export', 'doc:a')
    const head = await syncline(url, 'export', 'doc:a', '--at', '3300')
    expect(head).toEqual(newest)
    expect(newest.output.length).toBeGreaterThan(100)
    const entries = await entriesOf(log)
    const at = new Date(entries.at(-100)?.at ?? 0)
    const byTime = await syncline(url, 'export', 'doc:a', '--at', at.toISOString())
    expect(byTime).toEqual(await syncline(url, 'export', 'doc:a', '--at', '3201'))
    expect(byTime).not.toEqual(newest)
  })

  it('[HIS103] that is not there, or is asked for wrongly, is refused in one line', async () => {
    const { url } = one
    const asked: readonly (readonly [string, ...string[]])[] = [
      ['There is no such room, and you may not create it: doc:absent', 'doc:absent'],
      ['the room is at 3300', 'doc:a', '--at', '3301'],
      ['Retention has merged', 'doc:a', '--at', '17'],
      ['--at is a position', 'doc:a', '--at', 'tuesday'],
      ['--format is one of text', 'doc:a', '--format', 'word'],
      ['goes with no --at', 'doc:a', '--all', '--at', '5'],
      ['name it with --out', 'doc:a', '--all', '--format', 'html'],
      ['name a room'],
    ]
    for (const [problem, ...args] of asked) {
      const { code, output } = await syncline(url, 'export', ...args)
      expect([code, output]).toEqual([1, expect.stringContaining(problem)])
      expect(output.trim().split('\n')).toHaveLength(1)
    }
  })
})
