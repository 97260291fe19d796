import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import * as Y from 'yjs'
import { encodeCommit } from '../../server/cluster/commit-frame.ts'
import { Seal } from '../../server/cluster/seal.ts'
import type { RedisProcess } from '../../tools/redis/process.ts'
import { type PostgresProxy, startProxy } from '../log/postgres-proxy.ts'
import { query } from '../support/blocked-database.ts'
import { connectProvider, type Replica } from '../support/provider.ts'
import { describeWithOwnRedis, startOwnRedis } from '../support/redis.ts'
import { startServer, type TestServer, until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

describeWithOwnRedis('entries over Redis', () => {
  let redis: RedisProcess
  let here: TestServer
  let there: TestServer
  /** Between the second node and the database. */
  let proxy: PostgresProxy

  beforeAll(async () => {
    redis = await startOwnRedis()
    const env = { JWT_SECRET: SECRET, REDIS_URL: redis.url }
    here = await startServer({ env })
    proxy = await startProxy(here.databaseUrl)
    there = await startServer({ env: { ...env, DATABASE_URL: proxy.url } })
  }, 60_000)
  afterAll(async () => {
    for (const part of [there, here, redis]) await part?.dispose()
    proxy?.close()
  })

  async function join({ wsUrl }: TestServer, room: string, user: string): Promise<Replica> {
    const token = tokenOf(user, { grants: { 'doc:*': 'write' } })
    const replica = connectProvider({ wsUrl, room, token })
    onTestFinished(() => replica.destroy())
    await replica.synced()
    return replica
  }

  /** Somebody on each node, each of whom has seen what the other has written. */
  async function gather(room: string): Promise<readonly [Replica, Replica]> {
    const ada = await join(here, room, 'ada')
    const bob = await join(there, room, 'bob')
    ada.edits.push(['hello'])
    await bob.holds('hello')
    bob.edits.push(['hello back'])
    await ada.holds('hello back')
    return [ada, bob]
  }

  it('[CLU3] what one node commits is seen on another that cannot ask the database', async () => {
    const [ada, bob] = await gather('doc:relayed')
    proxy.swallow()
    onTestFinished(() => proxy.restore())
    ada.edits.push(['over Redis'])
    await bob.holds('over Redis')
  })

  it('[CLU3] negative control: without Redis it is not seen before the database answers', async () => {
    const [ada, bob] = await gather('doc:polled')
    redis.pause()
    proxy.swallow()
    ada.edits.push(['waits'])
    await ada.saved()
    ada.edits.push(['waits too'])
    await ada.saved()
    // As long as a relay that works might take, and many times what it takes above.
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(bob.edits.toArray()).not.toContain('waits')
    proxy.restore()
    await bob.holds('waits', 'waits too')
    redis.resume()
  })

  it('[CLU5] what is not sealed with the database’s key, or for another room, or comes again, becomes no edit', async () => {
    const [ada, bob] = await gather('doc:target')
    const id = await roomId('doc:target')
    const seal = await sealOf(here)
    const client = new Redis(redis.url)
    onTestFinished(() => client.disconnect())
    const document = new Y.Doc()
    document.getArray('edits').push(['forged'])
    const bytes = Y.encodeStateAsUpdate(document)
    const topic = `room:${id}`
    const node = 'f'.repeat(32)
    const mark = { lane: randomUUID(), batch: 0 }
    const tell = async (key: Seal, signedFor: string, lastSeq: number) => {
      const body = encodeCommit({ lastSeq, entries: [{ actor: 'eve', at: 0, bytes }], mark })
      const listening = await client.publish(seal.prefix + topic, key.close(signedFor, node, body))
      expect(listening).toBe(2)
    }
    await tell(new Seal(new Uint8Array(32)), topic, (await head(id)) + 1)
    await tell(seal, 'room:0', (await head(id)) + 1)
    await client.publish(seal.prefix + topic, 'nonsense')
    ada.edits.push(['honest'])
    await bob.holds('honest')
    bob.edits.push(['honest too'])
    await ada.holds('honest too')
    for (const replica of [ada, bob]) expect(replica.edits.toArray()).not.toContain('forged')
    // The control: where it is signed as it must be, it comes in by that very way.
    await tell(seal, topic, (await head(id)) + 1)
    await bob.holds('forged')
  })

  it('[CLU6] Redis may be killed and come back: nobody loses anything, and nodes are equal all the time', async () => {
    const [ada, bob] = await gather('doc:redis-dies')
    const say = async (word: string) => {
      ada.edits.push([`ada ${word}`])
      bob.edits.push([`bob ${word}`])
      await Promise.all([ada.saved(), bob.saved()])
      for (const replica of [ada, bob]) await replica.holds(`ada ${word}`, `bob ${word}`)
    }
    await redis.kill9()
    await say('without Redis')
    const eve = await join(there, 'doc:redis-dies', 'eve')
    await eve.holds('ada without Redis')
    await redis.restart()
    await until(() => [here, there].every((server) => connections(server) >= 2))
    // Until a node has heard that another listens again it tells it nothing; the database would, which is to say nothing now.
    await say('since Redis is back')
    proxy.swallow()
    ada.edits.push(['over Redis again'])
    await bob.holds('over Redis again')
    proxy.restore()
    await say('at the end')
    const states = [ada, bob, eve].map(({ edits }) => JSON.stringify(edits.toJSON()))
    await eve.holds('bob at the end')
    expect(new Set(states.slice(0, 2)).size).toBe(1)
  })

  const connections = (server: TestServer): number =>
    server.output().match(/connected to other nodes/g)?.length ?? 0

  async function roomId(name: string): Promise<number> {
    const [row] = await query(here.databaseUrl, 'select id from rooms where name = $1', [name])
    return Number(row?.id)
  }

  async function head(id: number): Promise<number> {
    const [row] = await query(here.databaseUrl, 'select head from rooms where id = $1', [id])
    return Number(row?.head)
  }
})

async function sealOf({ databaseUrl }: TestServer): Promise<Seal> {
  const rows = await query(databaseUrl, `select value from secrets where name = 'cluster'`)
  return Seal.of({ query: async () => ({ rows }) } as never)
}
