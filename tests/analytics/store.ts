import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { onTestFinished } from 'vitest'
import { Recorder } from '../../server/analytics/recorder.ts'
import { createRoom } from '../../server/log/rooms.ts'
import { openPool } from '../../server/storage/database.ts'
import { freshDatabase } from '../support/database.ts'

/** A database of one's own, and recorders on it as nodes have them. */
export async function openStore() {
  const database = await freshDatabase()
  const pools: pg.Pool[] = []
  const open = (): pg.Pool => {
    const pool = openPool(database.storage.url, { max: 4, commits: 'on disk' })
    pools.push(pool)
    return pool
  }
  onTestFinished(async () => {
    await Promise.all(pools.map((pool) => pool.end()))
    await database.drop()
  })
  const pool = open()
  return {
    pool,
    url: database.storage.url,
    node: () => new Recorder(open()),
    room: async () => (await createRoom(pool, `analytics:${randomUUID()}`, 'tests')).id,
  }
}

/** A batch of somebody's. */
export const batchOf = (
  measures: readonly { name: string; value?: number; labels?: Record<string, string>; at: number }[],
  id: string = randomUUID(),
) => ({
  user: 'ada',
  id,
  outOfTime: 0,
  measures: measures.map(({ value = 1, labels = {}, ...measured }) => ({ ...measured, value, labels })),
})
