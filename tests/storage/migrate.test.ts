import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { Log } from '../../server/log/log.ts'
import { PACKAGE_ROOT } from '../../server/package.ts'
import { openDatabase } from '../../server/storage/database.ts'
import { migrate } from '../../server/storage/migrate.ts'
import { emptyDatabase, type FreshDatabase } from '../support/database.ts'
import { write } from '../transfer/support.ts'

const MIGRATIONS = join(PACKAGE_ROOT, 'migrations')
const silent = pino({ level: 'silent' })

let database: FreshDatabase
beforeEach(async ({ onTestFinished }) => {
  database = await emptyDatabase()
  onTestFinished(() => database.drop())
})

async function connected(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.storage.url })
  await client.connect()
  onTestFinished(() => client.end())
  return client
}

async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'syncline-migrations-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
  return folder
}

it('[STO4] four nodes that start at once apply each migration once', async () => {
  const nodes = await Promise.all([1, 2, 3, 4].map(() => openDatabase(database.storage, silent)))
  const [first] = nodes
  const applied = await first?.pool.query('select name from syncline_migrations order by id')
  await Promise.all(nodes.map((node) => node.close()))
  const names = applied?.rows.map(({ name }) => name)
  expect(names).toContain('001_log')
  expect(new Set(names).size).toBe(names?.length)
})

it('[STO4] migrations are applied in order, once, and only the new ones later', async () => {
  const client = await connected()
  // Applied twice, or out of order, any of these fails.
  const first = {
    '001_a.sql': 'create table a (n int);',
    '002_b.sql': "alter table a add b text; comment on table a is '-- {x}'",
  }
  await migrate(client, silent, await folderOf(first))
  await migrate(client, silent, await folderOf(first))
  const later = { ...first, '010_c.sql': 'alter table a drop b;', 'notes.md': 'not SQL' }
  await migrate(client, silent, await folderOf(later))
  const { rows } = await client.query('select name from syncline_migrations order by id')
  expect(rows.map(({ name }) => name)).toEqual(['001_a', '002_b', '010_c'])
})

it('[STO4] a migration that fails leaves nothing of itself, is named, and lets the next node try', async () => {
  const client = await connected()
  const broken = await folderOf({ '001_a.sql': 'create table a (n int); select nonsense;' })
  await expect(migrate(client, silent, broken)).rejects.toThrow(
    /^The schema could not be brought up to date: column "nonsense" does not exist$/,
  )
  expect((await client.query("select to_regclass('a') as a")).rows).toEqual([{ a: null }])
  const other = await connected()
  await migrate(other, silent, await folderOf({ '001_a.sql': 'create table a (n int);' }))
})

it('[STO5] a schema newer than the program is refused in one line, and left alone', async () => {
  await (await openDatabase(database.storage, silent)).close()
  const client = await connected()
  await client.query("insert into syncline_migrations (name, run_on) values ('900_future', now())")
  await expect(openDatabase(database.storage, silent)).rejects.toThrow(
    /^The database was written by a newer Syncline \(it has 900_future\): start that version, or a later one$/,
  )
  await client.query("delete from syncline_migrations where name = '900_future'")
  await (await openDatabase(database.storage, silent)).close()
})

it('[STO5] a program that runs goes on beside a newer schema, and cannot be started again on it', async () => {
  const running = await openDatabase(database.storage, silent)
  onTestFinished(() => running.close())
  const newer = await folderOf({ '900_future.sql': 'alter table rooms add column later int;' })
  await cp(MIGRATIONS, newer, { recursive: true })
  await migrate(await connected(), silent, newer)
  const log = new Log(running, silent, 1024 * 1024)
  await write(log, 'doc:a', 'A', 'typed after it')
  await log.close()
  const { rows } = await running.pool.query('select head::int, later from rooms')
  expect(rows).toEqual([{ head: 1, later: null }])
  await expect(openDatabase(database.storage, silent)).rejects.toThrow('(it has 900_future)')
})
