import { expect, it, onTestFinished } from 'vitest'
import { quarantineRoom } from '../../server/log/rooms.ts'
import { DAY, typed } from '../history/past.ts'
import { database, openLog, openRoom } from '../log/fixture.ts'
import { emptyDatabase } from '../support/database.ts'
import { command } from './support.ts'

it('[CLI17] says on standard output what it was asked for, and logs on standard error', async () => {
  const { storage, drop } = await emptyDatabase()
  onTestFinished(drop)
  const { code, stdout, stderr } = await command({ DATABASE_URL: storage.url }, 'migrate')
  expect([code, stdout]).toEqual([0, 'the schema is up to date\n'])
  expect(JSON.parse(stderr)).toMatchObject({ msg: 'The schema was brought up to date' })
})

it.each([
  ['--folder is for every document', 'export', 'doc:a', '--folder', 'out'],
  ['--at goes with no --folder', 'export', '--folder', 'out', '--at', '1'],
  ['--format goes with no --folder', 'export', '--folder', 'out', '--format', 'html'],
  ['--all goes with no --folder', 'export', '--folder', 'out', '--all'],
  ['--out goes with no --folder', 'export', '--folder', 'out', '--out', 'file'],
  ['--watch goes with --folder only', 'export', 'doc:a', '--watch'],
  ['--kind goes with --folder only', 'export', '--all', '--out', 'out', '--kind', 'doc'],
  ['--kind goes with files only', 'import', 'tests', '--kind', 'note', '--actor', 'ada'],
  ['--actor goes with files only', 'import', 'tests', '--actor', 'ada'],
  ['--by goes with --release', 'verify', '--room', 'doc:a', '--by', 'ada'],
  ['--by goes with --room', 'retain', '--by', 'ada'],
  ['a number a second', 'replay', 'trace.json', '--speed', 'fast'],
  ["a person's id must be 1 to 128 printable characters", 'erase-person', 'two\nlines'],
])('[CLI18] refuses in one line: %s', async (why, ...args) => {
  // Nobody is there: nothing is asked before.
  const { code, stdout, stderr } = await command(
    { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
    ...args,
  )
  expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining(why)])
  expect(stderr.trim().split('\n')).toHaveLength(1)
})

it('[OPV13] who releases a room or has it thinned is in the audit log, and nobody where nothing was done', async () => {
  const { db, url } = await database()
  const log = openLog(db)
  const room = await openRoom(log)
  for (const entry of typed([{ at: Date.now() - 50 * DAY, people: ['ada'], edits: 40 }])) room.append(entry)
  await room.durable()
  await log.close()
  await db.pool.query(`update rooms set changed_at = now() - interval '50 days'`)
  const settings = { DATABASE_URL: url, RETENTION: '{"doc":{"keystrokes":30}}' }
  const acts = async () => (await db.pool.query('select act, actor, subject from audit_log order by id')).rows
  const retain = (...args: string[]) => command(settings, 'retain', '--room', 'doc:a', ...args)
  const release = (...args: string[]) => command(settings, 'verify', '--room', 'doc:a', '--release', ...args)
  expect((await retain('--dry-run')).stdout).toContain('1 rooms would be thinned')
  expect((await release()).stdout).toContain('it was not quarantined')
  expect(await acts()).toEqual([])

  expect((await retain('--by', 'root')).stdout).toContain('1 rooms were thinned')
  expect((await retain()).stdout).toContain('0 rooms were thinned')
  for (const args of [['--by', 'root'], []]) {
    await quarantineRoom(db.pool, room.id, 'why')
    expect((await release(...args)).stdout).toContain('its quarantine has ended')
  }
  expect(await acts()).toEqual([
    { act: 'room.retain', actor: 'root', subject: 'doc:a' },
    { act: 'room.release', actor: 'root', subject: 'doc:a' },
    { act: 'room.release', actor: 'system', subject: 'doc:a' },
  ])
})

it('[CLI18] retention that could not thin a room says so, and ends with 1', async () => {
  const { db, url } = await database()
  const log = openLog(db)
  for (const name of ['doc:damaged', 'doc:well']) {
    const room = await openRoom(log, name)
    const old = typed([{ at: Date.now() - 50 * DAY, people: ['ada'], edits: 40 }])
    for (const entry of old) room.append(entry)
    await room.durable()
  }
  await log.close()
  await db.pool.query(`update rooms set changed_at = now() - interval '50 days'`)
  await db.pool.query(
    `delete from room_updates where seq = 3 and room_id = (select id from rooms where name = 'doc:damaged')`,
  )
  const settings = { DATABASE_URL: url, RETENTION: '{"doc":{"keystrokes":30}}' }
  const { code, stdout, stderr } = await command(settings, 'retain')
  expect([code, stdout]).toEqual([
    1,
    expect.stringMatching(/^doc:well: .*\n1 rooms were thinned, .*; 1 could not be thinned\n$/),
  ])
  expect(JSON.parse(stderr)).toMatchObject({ room: 'doc:damaged', msg: 'a room could not be thinned' })
})
