import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { pino } from 'pino'
import { expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { startApp } from '../../server/start.ts'
import { blocksOf } from '../docs/blocks.ts'
import { connectTo, entriesOf, fill, openLog, openRoom } from '../log/fixture.ts'
import { connectProvider } from '../support/provider.ts'
import { until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'
import { folder, syncline } from '../transfer/support.ts'
import { giveToPostgres, startPostgres } from './own-postgres.ts'

const run = promisify(execFile)
const ROOM = 'doc:plan'

/** Of docs/BACKUP.md what Postgres is told, for an archive here. */
async function settingsOf(name: string, archive: string): Promise<string> {
  const page = await readFile(join(import.meta.dirname, '../../docs/BACKUP.md'), 'utf8')
  const found = blocksOf('docs/BACKUP.md', page).find(
    ({ language, text }) => language === 'ini' && text.includes(name),
  )
  if (found === undefined) throw new Error(`no block has ${name}`)
  return `\n${found.text.replaceAll('/archive/', `${archive}/`)}\n`
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(path, text)
  await giveToPostgres(path)
}

it('[BAK9] a base backup and archived WAL give back what was acknowledged before a moment, and nothing after it', async () => {
  const parent = await folder()
  await chmod(parent, 0o755)
  const archive = join(parent, 'archive')
  await mkdir(archive)
  await giveToPostgres(archive)
  const original = join(parent, 'original')
  const url = await startPostgres(original, await settingsOf('archive_command', archive), onTestFinished)
  const app = await startApp(
    readConfig({ PORT: '0', STUDIO: 'off', JWT_SECRET: SECRET, DATABASE_URL: url, DRAIN_SECONDS: '0' }),
    pino({ level: 'silent' }),
  )
  onTestFinished(async () => void (await app.close()))
  const ada = connectProvider({
    wsUrl: `${app.url.replace('http', 'ws')}/sync`,
    room: ROOM,
    token: tokenOf('ada'),
  })
  onTestFinished(() => ada.destroy())
  await ada.synced()
  const saved = async (edit: string) => {
    ada.edits.push([edit])
    await ada.saved()
    await app.publish('ada', ROOM, [{ type: 'comment.created', id: edit, payload: { text: edit } }])
  }

  const client = new pg.Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  await saved('before-the-backup')
  // As pg_basebackup does it, which is not among the programs that npm installs.
  await client.query(`select pg_backup_start('base', true)`)
  const base = join(parent, 'base')
  await run('cp', ['-a', original, base])
  const { rows: labels } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop()')
  await write(join(base, 'backup_label'), labels[0]?.labelfile ?? '')
  for (const name of ['postmaster.pid', 'postmaster.opts']) await rm(join(base, name))
  await run('sh', ['-c', 'rm -rf "$0"/pg_wal/*', base])

  await saved('before-the-moment')
  const { rows: moments } = await client.query<{ moment: string }>('select clock_timestamp()::text as moment')
  const before = await entriesOf(openLog(await connectTo(url)), ROOM)
  await saved('after-the-moment')
  const { rows: ends } = await client.query<{ wal: string }>('select pg_walfile_name(pg_switch_wal()) as wal')
  await until(async () => {
    const { rows } = await client.query<{ wal: string }>(
      'select last_archived_wal as wal from pg_stat_archiver',
    )
    return (rows[0]?.wal ?? '') >= (ends[0]?.wal ?? '')
  })

  /** Restored up to a moment, or to the end of what was archived. */
  const restored = async (name: string, moment: string | undefined) => {
    const copy = join(parent, name)
    await run('cp', ['-a', base, copy])
    await write(join(copy, 'recovery.signal'), '')
    const settings = await settingsOf('restore_command', archive)
    const asked =
      moment === undefined
        ? settings.replaceAll(/^recovery_target_.*$/gm, '')
        : settings.replace(/(?<=^recovery_target_time = ')[^']*/m, moment)
    return startPostgres(copy, `${asked}archive_mode = off\n`, onTestFinished)
  }
  const events = async (at: string) => {
    const other = await connectTo(at)
    const { rows } = await other.pool.query<{ id: string }>('select id from room_events order by seq')
    return rows.map(({ id }) => id)
  }
  const [then, end] = await Promise.all([
    restored('then', moments[0]?.moment),
    // The control: what is not there was archived.
    restored('end', undefined),
  ])
  expect(await syncline(then, 'verify')).toMatchObject({
    code: 0,
    output: expect.stringContaining('0 inconsistencies'),
  })
  const log = openLog(await connectTo(then))
  expect(await entriesOf(log, ROOM)).toEqual(before)
  expect(await events(then)).toEqual(['before-the-backup', 'before-the-moment'])
  // It goes on from there.
  await fill(await openRoom(log, ROOM), 1)
  expect(await entriesOf(log, ROOM)).toHaveLength(before.length + 1)
  expect(await events(end)).toEqual(['before-the-backup', 'before-the-moment', 'after-the-moment'])
})
