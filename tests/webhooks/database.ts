import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'

/** A database of a file's own, without rooms, webhooks and deliveries before each test. */
export function databaseOfFile(): { readonly pool: pg.Pool } {
  let database: FreshDatabase
  let pool: pg.Pool
  beforeAll(async () => {
    database = await freshDatabase()
    pool = new pg.Pool({ connectionString: database.storage.url })
    // A pool that has ended may still have connections, which dropping the database cuts.
    pool.on('error', () => undefined)
  })
  beforeEach(async () => {
    await pool.query('truncate webhooks, webhook_deliveries, webhook_changes, rooms cascade')
  })
  afterAll(async () => {
    await pool.end()
    await database.drop()
  })
  return {
    get pool() {
      return pool
    },
  }
}

/** A webhook for which so many messages wait, of so many rooms in turn. */
export async function webhookOf(pool: pg.Pool, messages: number, rooms = 1): Promise<string> {
  const id = randomUUID()
  await pool.query(
    `insert into webhooks (id, url, description, events, rooms, secret, active, created_by)
     values ($1, 'https://a.example', '', '{event:*}', '{}', 's', true, 'root')`,
    [id],
  )
  await pool.query(
    `insert into webhook_deliveries (webhook_id, type, room, seq, at, data)
     select $1, 'event:chat.message', 'talk:' || n % $3, n, now(), '{}' from generate_series(1, $2) as n`,
    [id, messages, rooms],
  )
  return id
}
