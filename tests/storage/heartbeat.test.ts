import type pg from 'pg'
import { expect, it, onTestFinished } from 'vitest'
import { Heartbeat } from '../../server/storage/heartbeat.ts'
import { FaultProxy } from '../failures/fault-proxy.ts'
import { connectTo, database } from '../log/fixture.ts'
import { startProxy } from '../log/postgres-proxy.ts'

const LONG_AGO = Number.NEGATIVE_INFINITY

it('[STO8] the database is asked whether it is there only while it answers nothing else', async () => {
  const { url } = await database()
  const proxy = await startProxy(url)
  onTestFinished(() => proxy.close())
  const { pool } = await connectTo(proxy.url)
  let asked = 0
  const listened = {
    query: (question: pg.QueryConfig) => {
      asked += 1
      return pool.query(question)
    },
  } as typeof pool
  let looked = 0
  let heard = () => performance.now()
  const heartbeat = new Heartbeat(listened, () => {
    looked += 1
    return heard()
  })
  onTestFinished(() => heartbeat.stop())

  await expect.poll(() => looked).toBe(2)
  expect([asked, heartbeat.alive]).toEqual([0, true])

  heard = () => LONG_AGO
  await expect.poll(() => asked).toBe(1)
  proxy.refuse()
  await expect.poll(() => heartbeat.alive).toBe(false)

  heard = () => performance.now()
  await expect.poll(() => heartbeat.alive).toBe(true)
})

it('[STO8] a connection that is dead, and does not say so, does not keep the database from being known to be there', async () => {
  const { url } = await database()
  const proxy = await startProxy(url)
  onTestFinished(() => proxy.close())
  const carried = await FaultProxy.before(proxy.url)
  onTestFinished(() => carried.proxy.close())
  const { pool } = await connectTo(carried.url)
  const heartbeat = new Heartbeat(pool, () => LONG_AGO)
  onTestFinished(() => heartbeat.stop())
  await expect.poll(() => pool.idleCount).toBe(1)

  let dropped = 0
  pool.on('remove', () => {
    dropped += 1
  })
  carried.proxy.strand()
  await expect.poll(() => dropped).toBe(1)
  await expect.poll(() => heartbeat.alive).toBe(true)
})
