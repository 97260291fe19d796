import type { Bench, Figures, Scenario } from '../../bench.ts'
import { Client } from '../../load/client.ts'
import { type Peer, startPeer } from '../../peer.ts'
import { ownRedis } from './nodes.ts'

const CLIENTS = 2_000
const IN_A_ROOM = 10
const AT_ONCE = 100

/** A node dies and comes back, and everybody who was on it comes at once. */
export const comeBack: Scenario = {
  name: 'cluster-return',
  title: `${CLIENTS} people, ${IN_A_ROOM} to a room, come back to a node that was killed`,
  columns: [
    { figure: 'synced', title: 'all synced after, ms', digits: 0 },
    { figure: 'cpu', title: 'of it the node, ms', digits: 0 },
  ],
  goals: [{ figure: 'synced', atMost: 3_000 }],
  run: (bench) => bench.each(['syncline'], () => dies(bench)),
}

async function dies(bench: Bench): Promise<Figures> {
  const redis = await ownRedis()
  const options = { redis: redis.url }
  const other = await startPeer('syncline', bench.postgres, options)
  let node = await startPeer('syncline', bench.postgres, options)
  try {
    const port = Number(new URL(node.address).port)
    const people = await arrive(node, AT_ONCE)
    for (const person of people) person.type()
    await node.kill()
    await Promise.all(people.map((person) => person.gone))
    node = await startPeer('syncline', bench.postgres, { ...options, port })
    let synced = 0
    const { cpu } = await bench.measure(node, async () => {
      const started = performance.now()
      const again = await arrive(node, CLIENTS)
      synced = performance.now() - started
      await Promise.all(again.map((person) => person.close()))
    })
    return { synced, cpu }
  } finally {
    await Promise.all([node.kill(), other.kill()])
    await redis.dispose()
  }
}

const comes = (node: Peer, person: number): Promise<Client> =>
  Client.open(
    node,
    `doc:return-${Math.floor(person / IN_A_ROOM)}`,
    node.signToken(`person-${person}`, { 'doc:*': 'write' }),
  )

async function arrive(node: Peer, atOnce: number): Promise<readonly Client[]> {
  const people: Client[] = []
  while (people.length < CLIENTS) {
    const batch = Array.from({ length: atOnce }, (_, index) => comes(node, people.length + index))
    people.push(...(await Promise.all(batch)))
  }
  return people
}
