import pg from 'pg'
import type { StorageConfig } from '../config.ts'
import type { Logger } from '../observe/log.ts'
import { startEmbedded } from './embedded.ts'
import { reasonOf, StorageError } from './error.ts'
import { LifeSign } from './life-sign.ts'
import { migrate } from './migrate.ts'
import { FACTS, requireServer, type ServerFacts } from './requirements.ts'
import { IDLE_IN_TRANSACTION } from './transaction.ts'

const POOL_SIZE = 8
const CONNECT_TIMEOUT_MS = 5000
/** Of reads through the pool. */
const POOL_TIMEOUT_MS = 30_000
/** Of the writers' own connections: past it the outcome is unknown and the batch is sent again. */
const WRITE_TIMEOUT_MS = 10_000

export interface Database {
  /** A commit that returned is on disk, here too. */
  readonly pool: pg.Pool
  /** Where it is, for `openPool` in another thread. */
  readonly url: string
  /** A connection of the caller's own, on which a commit that returned is on disk. Closed with the database. */
  connect(): Promise<pg.Client>
  /** By which others know that this process lives. */
  readonly life: LifeSign
  close(): Promise<void>
}

/**
 * Starts or reaches Postgres and brings its schema up to date.
 * @throws StorageError whose message is one line
 */
export async function openDatabase(config: StorageConfig, logger: Logger): Promise<Database> {
  if (config.kind === 'url') return openUrl(config.url, logger)
  const embedded = await startEmbedded(config.dataDir, logger)
  try {
    const database = await openUrl(embedded.url, logger)
    return {
      ...database,
      close: async () => {
        await database.close()
        await embedded.close()
      },
    }
  } catch (error) {
    await embedded.close()
    throw error
  }
}

async function openUrl(url: string, logger: Logger): Promise<Database> {
  await prepare(url, logger)
  const pool = openPool(url, { max: POOL_SIZE, commits: 'on disk' }, (error) =>
    logger.warn({ reason: reasonOf(error) }, 'A database connection was lost'),
  )
  const clients = new Set<pg.Client>()
  const connect = async () => {
    const client = new pg.Client({
      ...connection(url),
      query_timeout: WRITE_TIMEOUT_MS,
      statement_timeout: WRITE_TIMEOUT_MS,
    })
    clients.add(client)
    client.on('end', () => clients.delete(client))
    // Without a listener a lost connection would end the process; the next query on it says the same.
    client.on('error', (error) => logger.warn({ reason: reasonOf(error) }, 'A database connection was lost'))
    try {
      await client.connect()
      await settle(client, 'on disk')
      return client
    } catch (error) {
      clients.delete(client)
      await client.end()
      throw error
    }
  }
  const life = new LifeSign(connect)
  return {
    pool,
    url,
    connect,
    life,
    close: async () => {
      life.close()
      await Promise.all([pool.end(), ...[...clients].map((client) => client.end())])
    },
  }
}

/**
 * What is asked of each connection before it is used, whatever the database is set to; at the start of a session, and not
 * among its parameters, which DATABASE_URL may set, and of which a pooler between takes few.
 */
const COMMITS = {
  // Left alone is the one setting that promises more.
  'on disk': `select set_config('synchronous_commit', 'on', false)
    where current_setting('synchronous_commit') <> 'remote_apply'`,
  // What a crash of the machine takes away can be made again.
  soon: `select set_config('synchronous_commit', 'off', false)`,
}

/**
 * The same, for what Postgres is to do where this node is lost: to end what it has begun, and to find out after 25 s of silence
 * that nobody is there, instead of two hours. Over a socket of this machine, where the system tells at once, these change nothing.
 */
const LOST = `set idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION};
  set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3`

const settle = (client: pg.ClientBase, commits: keyof typeof COMMITS): Promise<unknown> =>
  client.query(`${COMMITS[commits]}; ${LOST}`)

export interface PoolOptions {
  readonly max: number
  readonly commits: keyof typeof COMMITS
  /** What one question may take, in ms. Default 30,000: a read may be of a whole long room. */
  readonly within?: number
}

/** Connections to a database that `openDatabase` has prepared. */
export function openPool(
  url: string,
  { max, commits, within = POOL_TIMEOUT_MS }: PoolOptions,
  lost: (error: Error) => void = () => undefined,
): pg.Pool {
  const pool = new pg.Pool({
    ...connection(url),
    query_timeout: within,
    statement_timeout: within,
    max,
    // The pool waits for it: nobody is lent a connection before.
    onConnect: (client) => settle(client, commits),
  })
  // One that is cut between two queries of its borrower emits to itself, not to the pool; the next query tells.
  pool.on('connect', (client) => client.on('error', () => undefined))
  // An idle connection that was cut: the pool has dropped it and makes another when one is needed.
  pool.on('error', lost)
  return pool
}

/** Everything that is looked at once, on a connection of its own: waiting for another node's migrations has no limit. */
async function prepare(url: string, logger: Logger): Promise<void> {
  const client = new pg.Client(connection(url))
  client.on('error', (error) => logger.debug({ reason: reasonOf(error) }, 'A database connection was lost'))
  try {
    await client.connect().catch((error: unknown) => {
      throw new StorageError(`The database at ${nameOf(client)} cannot be reached: ${reasonOf(error)}`, {
        cause: error,
      })
    })
    await requireSessions(client, url)
    await checkServer(client, logger)
    // Others wait for its lock while it migrates. Not before it is known that the session is this connection's own.
    await client.query(LOST)
    await migrate(client, logger)
  } catch (error) {
    if (error instanceof StorageError) throw error
    throw new StorageError(`The database at ${nameOf(client)} cannot be used: ${reasonOf(error)}`, {
      cause: error,
    })
  } finally {
    await client.end()
  }
}

/** How often it is looked at: a pooler that others use, too, may give the right ones by chance. */
const LOOKS = 4

/**
 * Refuses a pooler that gives each transaction whichever connection is free (PgBouncer's transaction mode): what is set,
 * prepared or locked on one would be there for whoever has it next. Of two connections each must have a process of Postgres
 * to itself. Asked one, other, other, one, a pooler gives both the same one, or each another than before, be it the
 * one that was used last or the one that was not for longest.
 */
async function requireSessions(one: pg.Client, url: string): Promise<void> {
  const other = new pg.Client(connection(url))
  // The next query on it says the same.
  other.on('error', () => undefined)
  try {
    await other.connect()
    for (let look = 0; look < LOOKS; look += 1) {
      const [first, second, again, last] = [
        await processOf(one),
        await processOf(other),
        await processOf(other),
        await processOf(one),
      ]
      if (first === last && second === again && first !== second) continue
      throw new StorageError(
        `The database at ${nameOf(one)} is behind a pooler that gives each transaction another connection; Syncline needs Postgres itself, or a pooler in session mode`,
      )
    }
  } finally {
    await other.end()
  }
}

async function processOf(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid
}

async function checkServer(client: pg.Client, logger: Logger): Promise<void> {
  const { rows } = await client.query<ServerFacts>(FACTS)
  for (const facts of rows) {
    for (const warning of requireServer(nameOf(client), facts)) logger.warn(warning)
  }
}

const connection = (url: string) => ({
  connectionString: url,
  application_name: 'syncline',
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  keepAlive: true,
})

/** Without the user and the password. */
const nameOf = ({ host, port, database }: pg.Client): string =>
  host.startsWith('/') ? `${host} (${database})` : `${host}:${port}/${database}`
