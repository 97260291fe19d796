import { expect, it, onTestFinished } from 'vitest'
import { Heartbeat } from '../../server/storage/heartbeat.ts'
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
    query: (text: string) => {
      asked += 1
      return pool.query(text)
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
