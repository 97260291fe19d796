import { Database } from '@hocuspocus/extension-database'
import { Redis } from '@hocuspocus/extension-redis'
import { Server } from '@hocuspocus/server'
import pg from 'pg'

/**
 * Hocuspocus as its documentation sets it up: one state a document, stored some seconds after a change; with several
 * nodes, where there is a Redis.
 */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
await pool.query('create table if not exists documents (name text primary key, data bytea not null)')

const database = new Database({
  fetch: async ({ documentName }) => {
    const { rows } = await pool.query<{ data: Buffer }>('select data from documents where name = $1', [
      documentName,
    ])
    return rows[0]?.data ?? null
  },
  store: async ({ documentName, state }) => {
    await pool.query(
      'insert into documents (name, data) values ($1, $2) on conflict (name) do update set data = excluded.data',
      [documentName, state],
    )
  },
})

const redis = URL.parse(process.env.REDIS_URL ?? '')

await new Server({
  port: Number(process.env.PORT),
  address: '127.0.0.1',
  quiet: true,
  extensions: [
    ...(redis === null ? [] : [new Redis({ host: redis.hostname, port: Number(redis.port) })]),
    database,
  ],
}).listen()
