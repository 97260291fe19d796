import { expect, it, onTestFinished } from 'vitest'
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
