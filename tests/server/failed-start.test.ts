import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import { type Attached, attachSyncline } from '../../server/attach.ts'
import { readConfig } from '../../server/config.ts'
import { startApp } from '../../server/start.ts'
import type { RedisProcess } from '../../tools/redis/process.ts'
import { query } from '../support/blocked-database.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { describeWithOwnRedis, startOwnRedis } from '../support/redis.ts'
import { until } from '../support/server.ts'
import { SECRET } from '../support/tokens.ts'

const silent = pino({ level: 'silent' })

describeWithOwnRedis('a start that fails', () => {
  let redis: RedisProcess
  let observer: Redis
  let database: FreshDatabase
  beforeAll(async () => {
    redis = await startOwnRedis()
    observer = new Redis(redis.url)
    database = await freshDatabase()
  })
  afterAll(async () => {
    observer?.disconnect()
    await redis?.dispose()
    await database?.drop()
  })

  const config = (more: Record<string, string> = {}) =>
    readConfig({ JWT_SECRET: SECRET, DATABASE_URL: database.storage.url, REDIS_URL: redis.url, ...more })
  const ask = (text: string) => query<{ pid: number }>(database.storage.url, text)

  /** Of the server: to Postgres, and to Redis. */
  async function connections() {
    const inDatabase = await ask(
      `select pid from pg_stat_activity where datname = current_database() and application_name = 'syncline'`,
    )
    const clients = String(await observer.client('LIST'))
    return { postgres: inDatabase.length, redis: clients.split('name=syncline-').length - 1 }
  }

  /** What `start` throws, and what tells which of the timers that were set since it began still run. */
  async function watched(start: () => Promise<unknown>) {
    const set = [vi.spyOn(globalThis, 'setInterval'), vi.spyOn(globalThis, 'setTimeout')]
    onTestFinished(() => void vi.restoreAllMocks())
    const failure = await start().catch((error: unknown) => error)
    // Node's own word for it: cleared, or over.
    const runs = (timer: unknown) => Reflect.get(Object(timer), '_destroyed') !== true
    const timers = () =>
      set.flatMap(({ mock: { calls, results } }) =>
        results.flatMap(({ value }, index) => (runs(value) ? [String(calls[index]?.[0])] : [])),
      )
    return { failure, timers }
  }

  /** Goodbyes take their time. */
  async function nothingIsLeft(timers: () => readonly string[]): Promise<void> {
    await until(() => timers().length === 0).catch(() => expect(timers()).toEqual([]))
    await until(async () => Object.values(await connections()).every((count) => count === 0))
  }

  it('[CLI15] leaves no connection and no timer, whichever of its parts cannot begin', async () => {
    const server = createServer()
    // In the order in which they are asked: by the bus, revocations, members of chats and deletions.
    for (const table of ['secrets', 'revocations', 'chat_members', 'rooms']) {
      await ask(`alter table ${table} rename to away`)
      const { failure, timers } = await watched(() => attachSyncline(server, config(), silent))
      await ask(`alter table away rename to ${table}`)
      expect(failure).toMatchObject({ message: expect.stringContaining(`"${table}" does not exist`) })
      await nothingIsLeft(timers)
    }
    expect([server.listenerCount('request'), server.listenerCount('upgrade')]).toEqual([0, 0])
  })

  it('[CLI15] leaves none where its port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    onTestFinished(() => void other.close())
    const PORT = String((other.address() as AddressInfo).port)
    const { failure, timers } = await watched(() => startApp(config({ PORT }), silent))
    expect(failure).toMatchObject({ code: 'EADDRINUSE' })
    await nothingIsLeft(timers)
  })

  it('[CLI15] negative control: one that succeeds has connections and timers, until it is closed', async () => {
    let attached: Attached | undefined
    const { timers } = await watched(async () => {
      attached = await attachSyncline(createServer(), config(), silent)
    })
    expect(timers()).not.toEqual([])
    await until(async () => (await connections()).redis === 2)
    expect((await connections()).postgres).toBeGreaterThan(0)
    expect(await attached?.close()).toBe(true)
    await nothingIsLeft(timers)
  })
})
