import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { runner } from 'node-pg-migrate'
import type pg from 'pg'
import type { Logger } from '../observe/log.ts'
import { PACKAGE_ROOT } from '../package.ts'
import { reasonOf, StorageError } from './error.ts'

const MIGRATIONS = join(PACKAGE_ROOT, 'migrations')
const TABLE = 'syncline_migrations'

/** Any number, as long as every version of this program takes the same. */
const LOCK = 5_079_241_186

/**
 * Brings the schema up to what this program knows, and refuses one that knows more. Nodes that start
 * together do it one after the other. `client` is the caller's to end.
 */
export async function migrate(client: pg.Client, logger: Logger, folder = MIGRATIONS): Promise<void> {
  await client.query('select pg_advisory_lock($1)', [LOCK])
  try {
    await refuseNewer(client, folder)
    const done = await apply(client, folder)
    if (done.length > 0) logger.info({ migrations: done }, 'The schema was brought up to date')
  } finally {
    await client.query('select pg_advisory_unlock($1)', [LOCK])
  }
}

async function refuseNewer(client: pg.Client, folder: string): Promise<void> {
  const known = (await readdir(folder))
    .filter((name) => name.endsWith('.sql'))
    .map((name) => basename(name, '.sql'))
  const { rows: tables } = await client.query(
    'select from pg_tables where tablename = $1 and schemaname = current_schema()',
    [TABLE],
  )
  if (tables.length === 0) return
  const { rows } = await client.query<{ name: string }>(
    `select name from ${TABLE} where name <> all($1) order by id`,
    [known],
  )
  if (rows.length === 0) return
  throw new StorageError(
    `The database was written by a newer Syncline (it has ${rows.map(({ name }) => name).join(', ')}): start that version, or a later one`,
  )
}

async function apply(client: pg.Client, folder: string): Promise<string[]> {
  const { rows } = await client.query<{ schema: string | null }>('select current_schema() as schema')
  const schema = rows[0]?.schema ?? 'public'
  try {
    const done = await runner({
      dbClient: client,
      dir: folder,
      ignorePattern: '(?!.*\\.sql$).*',
      migrationsTable: TABLE,
      schema,
      migrationsSchema: schema,
      direction: 'up',
      singleTransaction: true,
      // Held above, around the check for a newer schema too.
      noLock: true,
      log: () => undefined,
    })
    return done.map(({ name }) => name)
  } catch (error) {
    throw new StorageError(`The schema could not be brought up to date: ${reasonOf(error)}`, { cause: error })
  }
}
