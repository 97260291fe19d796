import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { pino } from 'pino'
import { beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest'
import { ONE_WAY_OF_WRITING } from '../../server/backup/rows.ts'
import type { RoomId } from '../../server/log/entry.ts'
import { Log } from '../../server/log/log.ts'
import { markLoad } from '../../server/log/rooms.ts'
import { type Database, openDatabase, openPool } from '../../server/storage/database.ts'
import { StorageError } from '../../server/storage/error.ts'
import { isStorageFailure } from '../../server/storage/failure.ts'
import { requireServer } from '../../server/storage/requirements.ts'
import { inTransaction } from '../../server/storage/transaction.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { type Pooling, startPooler } from '../support/pooler.ts'

const silent = pino({ level: 'silent' })
const SERVER = fileURLToPath(new URL('../../server', import.meta.url))

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

async function commitsOf(connection: Pick<pg.Pool, 'query'> | pg.Client): Promise<unknown> {
  const { rows } = await connection.query<{ synchronous_commit: string }>('show synchronous_commit')
  return rows[0]?.synchronous_commit
}

describe('[STO6] what was acknowledged is on disk, whatever the database is set to', () => {
  beforeEach(() => onServer(`alter database ${nameOf(fresh)} set synchronous_commit = off`))

  it('[STO6] on every connection, a writer’s own and the pool’s, also those that replace one that was lost', async () => {
    const database = await opened()
    expect(await commitsOf(await database.connect())).toBe('on')
    const lent = await Promise.all(Array.from({ length: 8 }, () => database.pool.connect()))
    for (const client of lent) expect(await commitsOf(client)).toBe('on')
    for (const client of lent) client.release(true)
    expect(await commitsOf(database.pool)).toBe('on')
    // What it guards against: a connection that was not told.
    const untold = new pg.Client({ connectionString: fresh.storage.url })
    await untold.connect()
    expect(await commitsOf(untold)).toBe('off')
    await untold.end()
  })

  it('[STO6] in the transactions of tombstones and purges, with what is recorded of them', async () => {
    const database = await opened()
    const log = new Log(database, silent, 1024)
    onTestFinished(() => log.abandon())
    expect(await log.ensure('doc:a', 'ada')).toBe(true)
    const said: unknown[] = []
    const record = async (client: Pick<pg.Pool, 'query'>) => {
      said.push(await commitsOf(client))
    }
    await log.erase('doc:a', 'eve', record)
    await log.purge('doc:a', record)
    expect(said).toEqual(['on', 'on'])
  })

  it('[STO6] and not where a crash takes nothing that is not made again: a note of a load, and then only for it', async () => {
    const { life } = await opened()
    const derived = openPool(fresh.storage.url, { max: 1, commits: 'soon' })
    onTestFinished(() => derived.end())
    expect(await commitsOf(derived)).toBe('off')
    const one = openPool(fresh.storage.url, { max: 1, commits: 'on disk' })
    onTestFinished(() => one.end())
    await markLoad({ pool: one, life }, 1 as RoomId, 'begun')
    expect((await one.query('select from room_loads')).rowCount).toBe(1)
    expect(await commitsOf(one)).toBe('on')
  })

  it('[STO6] a setting that promises more is left alone', async () => {
    await onServer(`alter database ${nameOf(fresh)} set synchronous_commit = remote_apply`)
    const database = await opened()
    expect(await commitsOf(database.pool)).toBe('remote_apply')
    expect(await commitsOf(await database.connect())).toBe('remote_apply')
  })

  it('[STO6] because no other file makes a connection', async () => {
    const sources = await readdir(SERVER, { recursive: true })
    const making = sources.filter(
      (file) =>
        file.endsWith('.ts') && /new pg\.(Pool|Client)\(/.test(readFileSync(join(SERVER, file), 'utf8')),
    )
    // The one reads what it imports from the database of somebody else, and writes nothing there.
    expect(making.sort()).toEqual([join('storage', 'database.ts'), join('transfer', 'stock.ts')])
  })
})

describe('[STO7] a pooler between', () => {
  async function pooled(pooling: Pooling): Promise<string> {
    const pooler = await startPooler(fresh.storage.url, pooling)
    onTestFinished(() => pooler.close())
    return pooler.url
  }

  it.each(['last', 'longest'] as const)(
    '[STO7] is refused in one line where each transaction has another connection: the one that was used %s',
    async (pooling) => {
      expect(await refusalOf(await pooled(pooling))).toMatch(
        /^The database at 127\.0\.0\.1:\d+\/test_\w+ is behind a pooler that gives each transaction another connection; /,
      )
    },
  )

  it('[STO7] is taken where each connection is one of Postgres', async () => {
    const database = await openDatabase({ kind: 'url', url: await pooled('own') }, silent)
    onTestFinished(() => database.close())
    expect(await commitsOf(database.pool)).toBe('on')
  })

  it('[STO7] negative control: one that is not refused takes from a connection that its commits are on disk', async () => {
    const url = await pooled('last')
    const onDisk = openPool(url, { max: 1, commits: 'on disk' })
    const soon = openPool(url, { max: 1, commits: 'soon' })
    onTestFinished(async () => void (await Promise.all([onDisk.end(), soon.end()])))
    expect(await commitsOf(onDisk)).toBe('on')
    expect(await commitsOf(soon)).toBe('off')
    expect(await commitsOf(onDisk)).toBe('off')
  })
})

describe('[STO10] a node that is lost', () => {
  const idleIn = async (connection: Pick<pg.Pool, 'query'> | pg.Client): Promise<unknown> => {
    const { rows } = await connection.query('show idle_in_transaction_session_timeout')
    return rows[0]?.idle_in_transaction_session_timeout
  }
  /** What was set on a connection; over a socket of this machine Postgres tells keepalives as 0, whatever they are. */
  const setOn = async (connection: Pick<pg.Pool, 'query'> | pg.Client): Promise<readonly string[]> => {
    const { rows } = await connection.query<{ name: string }>(
      `select name from pg_settings where source = 'session' and name like 'tcp%' order by name`,
    )
    return rows.map(({ name }) => name)
  }

  it('[STO10] is found out on every connection, a writer’s own and those of all pools', async () => {
    const database = await opened()
    const derived = openPool(fresh.storage.url, { max: 1, commits: 'soon' })
    onTestFinished(() => derived.end())
    for (const connection of [database.pool, derived, await database.connect()]) {
      expect(await idleIn(connection)).toBe('1min')
      expect(await setOn(connection)).toEqual([
        'tcp_keepalives_count',
        'tcp_keepalives_idle',
        'tcp_keepalives_interval',
      ])
    }
  })

  it('[STO10] and not where a page of an export or an import may take longer to be written or read', async () => {
    const { pool } = await opened()
    const idle = await inTransaction(pool, async (client) => {
      await client.query(ONE_WAY_OF_WRITING)
      return idleIn(client)
    })
    expect([idle, await idleIn(pool)]).toEqual(['0', '1min'])
  })

  it('[STO10] whose transaction was ended hears that the database is away, and its pool goes on', async () => {
    const { pool } = await opened()
    const ended = inTransaction(pool, async (client) => {
      await client.query(`set local idle_in_transaction_session_timeout = 1`)
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
      const gone = 'select from pg_stat_activity where pid = $1'
      await expect.poll(async () => (await pool.query(gone, [rows[0]?.pid])).rowCount).toBe(0)
      await client.query('select 1')
    })
    expect(isStorageFailure(await ended.catch((error: unknown) => error))).toBe(true)
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })
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
