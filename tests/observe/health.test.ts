import { pino } from 'pino'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { refusal } from '../../server/http/refusal.ts'
import { type App, startApp } from '../../server/start.ts'
import { query } from '../support/blocked-database.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { connectProvider } from '../support/provider.ts'
import { until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'
import { Scrape } from './scrape.ts'

let database: FreshDatabase
let app: App

beforeAll(async () => {
  database = await freshDatabase()
  // Nothing listens there: Redis is away from the beginning.
  const env = {
    PORT: '0',
    JWT_SECRET: SECRET,
    REDIS_URL: 'redis://127.0.0.1:1',
    DRAIN_SECONDS: '0',
    STOP_SECONDS: '1',
  }
  app = await startApp(readConfig({ ...env, DATABASE_URL: database.storage.url }), pino({ level: 'silent' }))
})
afterAll(async () => {
  await app.close()
  await database.drop()
})

async function health(): Promise<{ readonly status: number; readonly body: unknown }> {
  const answer = await fetch(`${app.url}/health/ready`)
  return { status: answer.status, body: await answer.json() }
}

const degraded = (...codes: Parameters<typeof refusal>[0][]) => ({
  status: 200,
  body: { ready: true, problems: [], degraded: codes.map((code) => refusal(code).error) },
})

it('[OBS10] a node without its Redis is ready, and says that it hears others late', async () => {
  expect(await health()).toEqual(degraded('nodes-apart'))
  const scrape = await Scrape.of(app.url)
  expect(scrape.value('syncline_redis_connected')).toBe(0)
  expect(scrape.value('syncline_ready')).toBe(1)
  expect(scrape.value('syncline_health_problems', { code: 'nodes-apart' })).toBe(1)
})

it('[OBS10] a room that the database rejects is told, and makes no node unready: others are saved there', async () => {
  await query(database.storage.url, `alter table room_updates add constraint no check (actor <> 'eve')`)
  const join = async (room: string, user: string) => {
    const replica = connectProvider({
      wsUrl: `${app.url.replace('http', 'ws')}/sync`,
      room,
      token: tokenOf(user),
    })
    onTestFinished(() => replica.destroy())
    await replica.synced()
    return replica
  }
  const [bad, good] = [await join('doc:bad', 'eve'), await join('doc:good', 'ada')]
  bad.edits.push(['rejected'])
  await until(async () => (await Scrape.of(app.url)).value('syncline_log_stalled_rooms') === 1)
  // Nothing else waits, so that nothing is late.
  expect((await Scrape.of(app.url)).value('syncline_log_queue_oldest_seconds')).toBe(0)
  expect(await health()).toEqual(degraded('storage-rejects', 'nodes-apart'))
  good.edits.push(['saved'])
  await good.saved()
})
