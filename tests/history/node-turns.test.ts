import { expect, it, onTestFinished } from 'vitest'
import { NodeTurns, type NodeTurnsOptions } from '../../server/history/restore/node-turns.ts'
import { database } from '../log/fixture.ts'
import { until } from '../support/server.ts'

const WAITING = `select from pg_locks where locktype = 'advisory' and not granted
  and database = (select oid from pg_database where datname = current_database())`
const HELD = `select pid from pg_locks where locktype = 'advisory' and granted and objsubid = 1
  and database = (select oid from pg_database where datname = current_database())`

async function startNodes(options: Omit<NodeTurnsOptions, 'databaseUrl'> = {}) {
  const { url, db } = await database()
  const start = () => {
    const node = new NodeTurns({ databaseUrl: url, ...options })
    onTestFinished(() => node.close())
    return node
  }
  return { here: start(), there: start(), pool: db.pool }
}

/** A turn that has begun, and is over when it is told to be. */
async function begin(node: NodeTurns, room: string) {
  const begun = Promise.withResolvers<void>()
  const over = Promise.withResolvers<void>()
  const turn = node.take(room, async (held) => {
    begun.resolve()
    await over.promise
    return held()
  })
  await begun.promise
  return { end: () => over.resolve(), turn }
}

it('[HIS58] a turn in a room begins when another node’s is over, and no other room’s waits for it', async () => {
  const { here, there, pool } = await startNodes()
  const order: string[] = []
  const first = await begin(here, 'doc:a')
  const second = there.take('doc:a', async () => void order.push('there'))
  await until(async () => (await pool.query(WAITING)).rowCount === 1)
  await there.take('doc:b', async () => void order.push('another room'))
  order.push('here')
  first.end()
  await Promise.all([first.turn, second])
  expect(order).toEqual(['another room', 'here', 'there'])
})

it('[HIS58] a turn is over however it ends, and what ended it is told', async () => {
  const { here, there } = await startNodes()
  const refused = here.take('doc:a', () => Promise.reject(new Error('no such thing')))
  await expect(refused).rejects.toThrow('no such thing')
  expect(await there.take('doc:a', async () => 'done')).toBe('done')
})

it('[HIS58] who waits too long for another node, or for other rooms, is to ask again', async () => {
  const { here, there } = await startNodes({ patience: 100, atOnce: 1 })
  const first = await begin(here, 'doc:a')
  const again = { code: 'history-busy', retryAfter: 5 }
  await expect(there.take('doc:a', async () => 'done')).rejects.toMatchObject(again)
  await expect(here.take('doc:b', async () => 'done')).rejects.toMatchObject(again)
  first.end()
  await first.turn
  expect(await there.take('doc:a', async () => 'done')).toBe('done')
})

it('[HIS58] who has lost the turn with its connection finds out', async () => {
  const { here, there, pool } = await startNodes()
  const first = await begin(here, 'doc:a')
  const { rows } = await pool.query<{ pid: number }>(HELD)
  await pool.query('select pg_terminate_backend($1)', [rows[0]?.pid])
  expect(await there.take('doc:a', async () => 'done')).toBe('done')
  first.end()
  await expect(first.turn).rejects.toMatchObject({ code: 'storage-unavailable' })
})

it('[HIS58] a node that ends gives out no more turns, and lets one that has begun go on', async () => {
  const { here } = await startNodes()
  const first = await begin(here, 'doc:a')
  await here.close()
  await expect(here.take('doc:b', async () => 'done')).rejects.toMatchObject({ code: 'shutting-down' })
  first.end()
  await first.turn
})
