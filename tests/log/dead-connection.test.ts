import { expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { RoomTail } from '../../server/documents/room-tail.ts'
import { HeadWatch } from '../../server/log/head-watch.ts'
import { FaultProxy } from '../failures/fault-proxy.ts'
import { connectTo, database, openLog, openRoom, silent } from './fixture.ts'
import { startProxy } from './postgres-proxy.ts'

/** Two nodes: one writes, and the connections of the other to the database can die without a word. */
async function startNodes() {
  const { url, db } = await database()
  const postgres = await startProxy(url)
  onTestFinished(() => postgres.close())
  const carried = await FaultProxy.before(postgres.url)
  onTestFinished(() => carried.proxy.close())
  const apart = await connectTo(carried.url)
  const here = await openRoom(openLog(db))
  const log = openLog(apart)
  const there = await openRoom(log)
  const write = async (text: string) => {
    const document = new Y.Doc()
    document.getArray('edits').push([text])
    here.append({ actor: 'ada', at: Date.now(), bytes: Y.encodeStateAsUpdate(document) })
    await here.durable()
  }
  /** The one connection that the next question will have is dead. */
  const strand = async () => {
    await expect.poll(() => [apart.pool.idleCount, apart.pool.totalCount]).toEqual([1, 1])
    carried.proxy.strand()
  }
  return { log, there, write, strand }
}

it('[CLU1] hears of what another node wrote although the connection that it asks over is dead', async () => {
  const { log, there, write, strand } = await startNodes()
  await strand()
  const heads = new HeadWatch(log, silent)
  onTestFinished(() => heads.stop())
  heads.start()
  await write('one')
  await expect.poll(() => there.known).toBe(1)
})

it('[CLU1] reads what it has heard of although the connection that it reads over is dead', async () => {
  const { log, there, write, strand } = await startNodes()
  const doc = new Y.Doc()
  const failed: unknown[] = []
  const tail = new RoomTail({
    log,
    room: there,
    doc,
    origin: 'others',
    unread: (error) => void failed.push(error),
    broken: (error) => void failed.push(error),
    lagged: () => undefined,
  })
  onTestFinished(() => tail.stop())
  await strand()
  await write('one')
  there.heard(1)
  await expect.poll(() => doc.getArray('edits').toJSON()).toEqual(['one'])
  expect(failed).toEqual([new Error('Query read timeout')])
})
