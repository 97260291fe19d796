import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { startEmbedded } from '../server/storage/embedded.ts'

/** One Postgres for all peers that store something, with a database for each. */
export interface Postgres {
  readonly version: string
  url(database: string): Promise<string>
  query<Row extends pg.QueryResultRow>(database: string, sql: string, values?: unknown[]): Promise<Row[]>
  close(): Promise<void>
}

export async function startPostgres(): Promise<Postgres> {
  const folder = await mkdtemp(join(tmpdir(), 'syncline-bench-'))
  const server = await startEmbedded(folder, pino({ level: 'silent' }))
  const made = new Set<string>()
  const address = (database: string): string => {
    const url = new URL(server.url)
    url.pathname = `/${database}`
    return url.href
  }
  const query = async <Row extends pg.QueryResultRow>(
    database: string,
    sql: string,
    values: unknown[] = [],
  ) => {
    const client = new pg.Client(address(database))
    await client.connect()
    try {
      const { rows } = await client.query<Row>(sql, values)
      return rows
    } finally {
      await client.end()
    }
  }
  const [row] = await query<{ server_version: string }>('postgres', 'show server_version')
  return {
    version: row?.server_version ?? 'unknown',
    url: async (database) => {
      if (!made.has(database)) {
        await query('postgres', `create database ${pg.escapeIdentifier(database)}`)
        made.add(database)
      }
      return address(database)
    },
    query,
    close: async () => {
      await server.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
