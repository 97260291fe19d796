import pg from 'pg'
import { pino } from 'pino'
import { beforeEach, expect, inject, it, onTestFinished } from 'vitest'
import { type Database, openDatabase } from '../../server/storage/database.ts'
import { StorageError } from '../../server/storage/error.ts'
import { requireServer } from '../../server/storage/requirements.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'

const silent = pino({ level: 'silent' })

let fresh: FreshDatabase
beforeEach(async ({ onTestFinished }) => {
  fresh = await freshDatabase()
  onTestFinished(() => fresh.drop())
})

async function opened(): Promise<Database> {
  const database = await openDatabase(fresh.storage, silent)
  onTestFinished(() => database.close())
  return database
}

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('databaseServer') })
  await client.connect()
  await client.query(statement)
  await client.end()
}

const nameOf = (database: FreshDatabase): string => new URL(database.storage.url).pathname.slice(1)

async function refusalOf(url: string): Promise<string> {
  const refusal = await openDatabase({ kind: 'url', url }, silent).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(StorageError)
  const message = refusal instanceof Error ? refusal.message : ''
  expect(message).not.toContain('\n')
  return message
}

it('[LOG2] a connection of its own commits to disk, whatever the database is set to', async () => {
  await onServer(`alter database ${nameOf(fresh)} set synchronous_commit = off`)
  const database = await opened()
  const client = await database.connect()
  expect((await client.query('show synchronous_commit')).rows).toEqual([{ synchronous_commit: 'on' }])
  // What it guards against: a connection that was not told.
  expect((await database.pool.query('show synchronous_commit')).rows).toEqual([{ synchronous_commit: 'off' }])
})

it('connections that are cut, idle or lent, harm nothing and are replaced', async () => {
  const database = await opened()
  const [own, lent] = await Promise.all([database.connect(), database.pool.connect()])
  const cut = Promise.all([
    new Promise((resolve) => own.once('end', resolve)),
    new Promise((resolve) => lent.once('end', resolve)),
  ])
  await onServer(`select pg_terminate_backend(pid) from pg_stat_activity where datname = '${nameOf(fresh)}'`)
  await cut
  await expect(own.query('select 1')).rejects.toThrow()
  await expect(lent.query('select 1')).rejects.toThrow()
  lent.release(true)
  expect((await database.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  expect((await (await database.connect()).query('select 1 as one')).rows).toEqual([{ one: 1 }])
})

it('a statement without end is given up', async () => {
  const database = await opened()
  const client = await database.connect()
  expect((await client.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '10s' }])
  expect((await database.pool.query('show statement_timeout')).rows).toEqual([{ statement_timeout: '30s' }])
})

it('close closes every connection, also those lent as a client of its own', async () => {
  const database = await openDatabase(fresh.storage, silent)
  await database.connect()
  await database.pool.query('select 1')
  await database.close()
  await onServer(`drop database ${nameOf(fresh)}`) // fails while anybody is connected
})

it('[CFG4] an unreachable server and a database that does not exist are one line, without the password', async () => {
  const nobody = await refusalOf('postgres://ada:hunter2@127.0.0.1:1/notes')
  expect(nobody).toBe('The database at 127.0.0.1:1/notes cannot be reached: connect ECONNREFUSED 127.0.0.1:1')
  const missing = new URL(fresh.storage.url)
  missing.pathname = '/no_such_database'
  expect(await refusalOf(missing.href)).toMatch(
    /cannot be reached: database "no_such_database" does not exist$/,
  )
})

it('[CFG4] a database of another encoding is refused', async () => {
  const name = `${nameOf(fresh)}_ascii`
  await onServer(
    `create database ${name} template template0 encoding 'SQL_ASCII' locale_provider libc locale 'C'`,
  )
  onTestFinished(() => onServer(`drop database ${name} with (force)`))
  const url = new URL(fresh.storage.url)
  url.pathname = `/${name}`
  expect(await refusalOf(url.href)).toMatch(/has the encoding SQL_ASCII; Syncline needs UTF8$/)
})

it('[CFG4] a read-only database is refused', async () => {
  await onServer(`alter database ${nameOf(fresh)} set default_transaction_read_only = on`)
  expect(await refusalOf(fresh.storage.url)).toMatch(/is read-only: is it a standby\?$/)
})

it('[CFG4] Postgres 14 is refused, 15 is not, and fsync off is worth a warning', () => {
  const good = { version: 150_004, encoding: 'UTF8', readonly: 'off', fsync: 'on' }
  expect(requireServer('db:5432/notes', good)).toEqual([])
  expect(() => requireServer('db:5432/notes', { ...good, version: 140_012 })).toThrow(
    'The database at db:5432/notes is Postgres 14; Syncline needs 15 or later',
  )
  expect(requireServer('db:5432/notes', { ...good, fsync: 'off' })).toHaveLength(1)
})
