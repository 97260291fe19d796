import pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { query } from '../support/blocked-database.ts'
import { startServer, until } from '../support/server.ts'

const EXPIRED = `insert into event_tickets (hash, room, user_id, identity, expires_at)
  values (sha256('a ticket'), 'doc:a', 'ada', '{}', now() - interval '1 day')`
const WAITING = `select query from pg_stat_activity where wait_event_type = 'Lock'
  and datname = current_database() and query like '%room_segments%'`

it('[HIS99] tickets go while retention waits for a room', async () => {
  const env = { RETENTION: JSON.stringify({ doc: { keystrokes: 30 } }) }
  const server = await startServer({ env })
  onTestFinished(() => server.dispose())
  const other = new pg.Client(server.databaseUrl)
  await other.connect()
  onTestFinished(() => other.end())
  await query(server.databaseUrl, EXPIRED)
  await other.query('begin')
  await other.query('lock table room_segments in access exclusive mode')
  const waiting = async () => (await query(server.databaseUrl, WAITING)).length
  await until(async () => (await waiting()) > 0)
  await until(async () => (await query(server.databaseUrl, 'select from event_tickets')).length === 0)
  expect(await waiting()).toBeGreaterThan(0)
})
