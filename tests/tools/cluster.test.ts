import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { type Client, connect } from '../../client/sdk/index.ts'
import { Cluster } from '../../tools/cluster/cluster.ts'
import { type FreshDatabase, freshDatabase } from '../support/database.ts'
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis.ts'
import { until } from '../support/server.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'

describeWithRedis('two nodes, Postgres, Redis and a load balancer', () => {
  let database: FreshDatabase
  let redis: TestRedis
  let cluster: Cluster

  beforeAll(async () => {
    database = await freshDatabase()
    redis = await startRedis()
    cluster = await Cluster.start({
      databaseUrl: database.storage.url,
      redisUrl: redis.url,
      secret: SECRET,
      port: 0,
      env: { STUDIO: 'off' },
    })
  })
  afterAll(async () => {
    await cluster.stop()
    await redis.dispose()
    await database.drop()
  })

  const client = (id: string, nearRoom?: string): Client => {
    const made = connect({ url: cluster.url, token: tokenOf(id), offline: false, nearRoom })
    onTestFinished(() => made.destroy())
    return made
  }

  it('[OPS1] is one server to people on different nodes', async () => {
    const name = `doc:${randomBytes(4).toString('hex')}`
    const rooms = ['ada', 'bob'].map((id) => client(id).room(name))
    for (const [index, room] of rooms.entries()) {
      room.doc.getArray('edits').push([index])
      await room.whenSaved()
    }
    await until(() => rooms.every((room) => room.doc.getArray('edits').length === 2))
  })

  it('[OPS2] goes on, for everybody, when a node dies and when it comes back', async () => {
    const [node] = cluster.nodes
    if (node === undefined) throw new Error('no node')
    const name = `doc:${randomBytes(4).toString('hex')}`
    // Both nodes have people in the room.
    const rooms = ['ada', 'bob', 'eve', 'kim'].map((id) => client(id).room(name))
    await Promise.all(rooms.map((room) => room.whenSaved()))
    await node.kill9()
    for (const [index, room] of rooms.entries()) room.doc.getArray('edits').push([index])
    await Promise.all(rooms.map((room) => room.whenSaved()))
    await node.start()
    await until(() => cluster.balancer.ready.includes(node.url))
    const late = client('late').room(name)
    await until(() => [...rooms, late].every((room) => room.doc.getArray('edits').length === 4))
  })

  it('[OPS3] takes the name of a room in the address, which the server does not read', async () => {
    const room = client('ada', 'doc:near').room('doc:other')
    room.doc.getArray('edits').push([1])
    await room.whenSaved()
    expect(room.saved).toBe('saved')
  })
})
