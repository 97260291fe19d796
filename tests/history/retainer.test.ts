import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { pino } from 'pino'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { ConfigError, readConfig } from '../../server/config.ts'
import { SynclineError } from '../../server/errors.ts'
import { Retainer } from '../../server/history/retention/retainer.ts'
import { earlierNow } from '../../server/storage/clock.ts'
import { database, openLog, openRoom } from '../log/fixture.ts'
import { query } from '../support/blocked-database.ts'
import { startServer, until } from '../support/server.ts'
import { DAY, typed } from './past.ts'

const run = promisify(execFile)
const SYNCLINE = fileURLToPath(new URL('../../server/syncline.ts', import.meta.url))
const nothing = { index: async () => undefined, forget: async () => undefined }
const RULES = { doc: { keystrokes: 30, sessions: 365 }, '*': { keystrokes: 5 } }

/** A room of forty edits on one day, so many days ago. */
async function fillOld(url: string, name: string, daysAgo: number): Promise<void> {
  const entries = typed([{ at: Date.now() - daysAgo * DAY, people: ['ada'], edits: 40 }])
  const [room] = await query<{ id: string }>(
    url,
    `insert into rooms (name, kind, created_by, head, changed_at)
     values ($1, split_part($1, ':', 1), 'ada', 40, to_timestamp($2 / 1000.0)) returning id`,
    [name, entries.at(-1)?.at],
  )
  await query(
    url,
    `insert into room_updates select $1, n, to_timestamp(at / 1000.0), actor, bytes
     from unnest($2::bigint[], $3::text[], $4::bytea[]) with ordinality as e(at, actor, bytes, n)`,
    [
      room?.id,
      entries.map(({ at }) => at),
      entries.map(({ actor }) => actor),
      entries.map(({ bytes }) => bytes),
    ],
  )
}

describe('the rules', () => {
  it('[HIS97] are kind by kind, a star for the others, and nothing where none is given', () => {
    expect(readConfig({}).retention).toEqual({})
    expect(readConfig({ RETENTION: JSON.stringify(RULES) }).retention).toEqual(RULES)
    const logger = pino({ level: 'silent' })
    const { db } = { db: { pool: undefined as never } }
    const retainer = new Retainer(db.pool, RULES, logger, nothing)
    expect(retainer.ruleFor('doc:a')).toEqual(RULES.doc)
    expect(retainer.ruleFor('note:a')).toEqual(RULES['*'])
    expect(
      new Retainer(db.pool, { doc: RULES.doc }, logger, nothing).ruleFor('constructor:a'),
    ).toBeUndefined()
  })

  it.each([
    ['{', 'must be JSON'],
    ['{"doc":{"keystrokes":0}}', 'doc.keystrokes must be a day or more'],
    ['{"doc":{"keystrokes":"30"}}', 'doc.keystrokes must be a number of days'],
    ['{"doc":{"keystrokes":30,"sessions":7}}', 'sessions must not be fewer days than keystrokes'],
    ['{"doc":{"keystrokes":30,"version":7}}', 'version'],
    ['{"Doc":{"keystrokes":30}}', 'Doc'],
  ])('[HIS97] %s is refused at the start', (RETENTION, problem) => {
    expect(() => readConfig({ RETENTION })).toThrow(ConfigError)
    expect(() => readConfig({ RETENTION })).toThrow(problem)
  })

  it('[HIS97] apply to their kinds, and a room that is damaged keeps up no other', async () => {
    const { db, url } = await database()
    for (const [name, days] of [
      ['doc:old', 40],
      ['doc:young', 20],
      ['note:young', 20],
      ['kept:old', 400],
      ['doc:damaged', 50],
      ['doc:older', 60],
    ] as const)
      await fillOld(url, name, days)
    await query(
      url,
      `delete from room_updates where seq = 7 and room_id = (select id from rooms where name = 'doc:damaged')`,
    )
    const logged: Record<string, unknown>[] = []
    const logger = pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) })
    const retainer = new Retainer(
      db.pool,
      { doc: { keystrokes: 30 }, note: { keystrokes: 10 } },
      logger,
      nothing,
    )
    const done: string[] = []
    for await (const { room } of retainer.retainAll(false)) done.push(room)
    expect(done.toSorted()).toEqual(['doc:old', 'doc:older', 'note:young'])
    expect(logged.map(({ room }) => room)).toEqual(['doc:damaged'])
    const log = openLog(db)
    expect((await openRoom(log, 'doc:old')).head).toBe(40)
    const again: string[] = []
    for await (const { room } of retainer.retainAll(false)) again.push(room)
    expect(again).toEqual([])
  })
})

it('[HIS90] [EVT66] goes by the database where the clock of this machine is ahead, and by this machine where that one is', async () => {
  const { db, url } = await database()
  await fillOld(url, 'doc:young', 20)
  const retainer = new Retainer(db.pool, RULES, pino({ level: 'silent' }), nothing)
  const thinned = async () => {
    for await (const { room } of retainer.retainAll(false)) return room
    return undefined
  }
  const now = Date.now()
  const clock = vi.spyOn(Date, 'now')
  onTestFinished(() => void vi.restoreAllMocks())
  clock.mockReturnValue(now + 365 * DAY)
  expect(await thinned()).toBeUndefined()
  clock.mockReturnValue(now - 365 * DAY)
  expect(await earlierNow(db.pool)).toBe(now - 365 * DAY)
  const early = {
    ...db.pool,
    query: async () => ({ rows: [{ now: now + 365 * DAY }] }),
  } as unknown as typeof db.pool
  clock.mockReturnValue(now)
  expect(await earlierNow(early)).toBe(now)
})

it('[HIS99] begins anywhere, so that nodes do not do the same at once, and goes through all of it', async () => {
  const { db, url } = await database()
  for (const name of ['doc:a', 'doc:b', 'doc:c', 'doc:d']) await fillOld(url, name, 40)
  const retainer = new Retainer(db.pool, RULES, pino({ level: 'silent' }), nothing)
  vi.spyOn(Math, 'random').mockReturnValue(0.6)
  onTestFinished(() => void vi.restoreAllMocks())
  const done: string[] = []
  for await (const { room } of retainer.retainAll(false)) done.push(room)
  expect(done).toEqual(['doc:c', 'doc:d', 'doc:a', 'doc:b'])
})

it('[HIS24] leaves a quarantined room as it is, and says so to who asks', async () => {
  const { db, url } = await database()
  await fillOld(url, 'doc:old', 40)
  await query(url, `update rooms set quarantined_at = now(), quarantine_reason = 'a test'`)
  const retainer = new Retainer(db.pool, RULES, pino({ level: 'silent' }), nothing)
  const thinned = async () => {
    const done: string[] = []
    for await (const { room } of retainer.retainAll(false)) done.push(room)
    return done
  }
  expect(await thinned()).toEqual([])
  for (const dryRun of [true, false]) {
    await expect(retainer.retain('doc:old', { dryRun })).rejects.toMatchObject({ code: 'room-quarantined' })
  }
  await query(url, 'update rooms set quarantined_at = null, quarantine_reason = null')
  expect(await thinned(), 'control').toEqual(['doc:old'])
})

it('[HIS115] says once, and as no error, of a room that is too large to be thinned', async () => {
  const { db, url } = await database()
  await fillOld(url, 'doc:old', 40)
  const logged: Record<string, unknown>[] = []
  const logger = pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) })
  const index = () => Promise.reject(new SynclineError('history-too-large'))
  const retainer = new Retainer(db.pool, RULES, logger, { ...nothing, index })
  let failed = 0
  const fail = () => {
    failed += 1
  }
  for (let round = 0; round < 3; round += 1) for await (const _ of retainer.retainAll(false, { fail }));
  expect(failed).toBe(3)
  expect(logged).toMatchObject([{ level: 40, code: 'history-too-large', room: 'doc:old' }])
})

it('[HIS96] is said once to all who ask for the same at the same time', async () => {
  const { db, url } = await database()
  await fillOld(url, 'doc:old', 40)
  let asked = 0
  const index = async () => {
    asked += 1
  }
  const rules = { doc: { keystrokes: 30 } }
  const retainer = new Retainer(db.pool, rules, pino({ level: 'silent' }), { ...nothing, index })
  const plan = () => retainer.retain('doc:old', { dryRun: true })
  const plans = await Promise.all(Array.from({ length: 8 }, plan))
  expect(asked).toBe(1)
  for (const said of plans) expect(said).toMatchObject({ first: 1, last: 40 })
  expect(await plan()).toEqual(plans[0])
  expect(asked).toBe(2)
})

describe('whoever may', () => {
  it('[HIS97] asks and acts over HTTP as an administrator of the room', async () => {
    const server = await startServer({ env: { RETENTION: '{"doc":{"keystrokes":30}}' } })
    onTestFinished(() => server.dispose())
    // The server's own round is over, and the next one an hour away.
    await fillOld(server.databaseUrl, 'doc:first', 40)
    await until(() => server.output().includes('a room was thinned'))
    await fillOld(server.databaseUrl, 'doc:old', 40)
    const ask = async (method: string, role: 'write' | 'admin', room = 'doc:old') => {
      const authorization = `Bearer ${await server.token('eve', { 'doc:*': role, 'note:*': role })}`
      const path = `${server.url}/api/v1/rooms/${room}/retention`
      return (await fetch(path, { method, headers: { authorization } })).json()
    }
    expect(await ask('GET', 'write')).toMatchObject({ error: { code: 'forbidden' } })
    expect(await ask('POST', 'write')).toMatchObject({ error: { code: 'forbidden' } })
    expect(await ask('GET', 'admin', 'doc:absent')).toMatchObject({ error: { code: 'room-not-found' } })
    const said = await ask('GET', 'admin')
    expect(said).toMatchObject({
      rule: { keystrokes: 30, sessions: null },
      effect: { first: 1, last: 40, positionsLost: 39, sharedSessions: 0 },
    })
    expect(await ask('POST', 'admin')).toEqual(said)
    expect(await ask('GET', 'admin')).toMatchObject({ effect: null })
    expect(await query(server.databaseUrl, 'select from room_updates')).toEqual([])
  })

  it('[HIS97] runs by itself when the server starts', async () => {
    const server = await startServer({ env: { RETENTION: '{"*":{"keystrokes":30}}' } })
    onTestFinished(() => server.dispose())
    await fillOld(server.databaseUrl, 'doc:old', 40)
    await server.stop()
    await server.restart()
    await until(() => server.output().includes('a room was thinned'))
    expect(await query(server.databaseUrl, 'select from room_segments where stage = 1')).toHaveLength(1)
  })

  it('[HIS97] uses the command line, dry and for good', async () => {
    const { url } = await database()
    await fillOld(url, 'doc:old', 40)
    const retain = async (...args: string[]) =>
      (
        await run(process.execPath, [SYNCLINE, 'retain', ...args], {
          env: { ...process.env, DATABASE_URL: url, RETENTION: '{"doc":{"keystrokes":30}}' },
        })
      ).stdout
    const dry = await retain('--dry-run')
    expect(dry).toMatch(
      /^doc:old: of positions 1 to 40, 39 go and 1 stay; \d+ of \d+ bytes are freed\n1 rooms would be/,
    )
    expect(await query(url, 'select from room_updates')).toHaveLength(40)
    expect((await retain()).replace('were thinned', 'would be thinned')).toBe(dry)
    expect(await retain('--room', 'doc:old')).toBe('0 rooms were thinned, 0 bytes freed\n')
  })
})
