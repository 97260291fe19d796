import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import * as Y from 'yjs'
import type { Bench, Figures, Scenario } from '../../bench.ts'
import { Client } from '../../load/client.ts'
import { Latencies } from '../../load/latencies.ts'
import { pace, until } from '../../load/pace.ts'
import type { Peer } from '../../peer.ts'
import { type Nodes, withNodes } from './nodes.ts'

/** Of each of the two who type, one on each node. */
const RATE = 20
const BEFORE_S = 2
const AFTER_S = 6

/** Redis is killed under typing and comes back: what is lost, what does not open, and how far apart the nodes are meanwhile. */
export const outage: Scenario = {
  name: 'cluster-outage',
  title: `Redis is killed under ${2 * RATE} edits/s on two nodes, and comes back`,
  columns: [
    { figure: 'acknowledged', title: 'acknowledged', digits: 0 },
    { figure: 'lost', title: 'lost', digits: 0 },
    { figure: 'failed', title: 'opens that failed', digits: 0 },
    { figure: 'before', title: 'seen on the other p99 before, ms', digits: 0 },
    { figure: 'away', title: 'at the latest while it is away, ms', digits: 0 },
    { figure: 'back', title: 'at the latest once it is back, ms', digits: 0 },
  ],
  goals: [
    { figure: 'lost', atMost: 0 },
    { figure: 'failed', atMost: 0 },
    { figure: 'away', atMost: 2_000 },
    { figure: 'back', atMost: 2_000 },
  ],
  run: (bench) => bench.each(['syncline'], () => withNodes(bench, 'syncline', (nodes) => dies(bench, nodes))),
}

async function dies(bench: Bench, { redis, here, there }: Nodes): Promise<Figures> {
  const room = `doc:${randomUUID()}`
  const [ada, bob] = [await Client.open(here, room), await Client.open(there, room)]
  let seen = new Latencies()
  const phase = (): Latencies => {
    seen = new Latencies()
    return seen
  }
  let arrived = 0
  for (const [one, other] of [
    [ada, bob],
    [bob, ada],
  ] as const) {
    one.onTyped = (client, clock, length) => {
      if (client !== other.id) return
      const now = performance.now()
      for (let i = clock; i < clock + length; i += 1) seen.add(now - (other.sentAt[i] ?? now))
      arrived += length
    }
  }
  const typeFor = (seconds: number) =>
    pace(2 * RATE, seconds, (index) => (index % 2 === 0 ? ada : bob).type())
  let failed = 0
  const away = bench.pick(45, 10)
  const opening = async () => {
    for (let second = 0; second < away - 1; second += 1) {
      for (const node of [here, there]) {
        failed += await opens(node, room)
        failed += await opens(node, `doc:${randomUUID()}`)
      }
      await pause(1000)
    }
  }
  const before = phase()
  await typeFor(BEFORE_S)
  await redis.kill9()
  const without = phase()
  await Promise.all([typeFor(away), opening()])
  const typed = () => ada.typed + bob.typed
  await until(() => arrived === typed())
  await redis.restart()
  const back = phase()
  await typeFor(AFTER_S)
  await until(() => arrived === typed() && [ada, bob].every((one) => one.acknowledged === one.typed))
  const lost = await Promise.all([here, there].map((node) => missing(node, room, [ada, bob])))
  await Promise.all([ada, bob].map((client) => client.close()))
  return {
    acknowledged: ada.acknowledged + bob.acknowledged,
    lost: Math.max(...lost),
    failed,
    before: before.percentile(99),
    away: without.percentile(100),
    back: back.percentile(100),
  }
}

async function opens(node: Peer, room: string): Promise<number> {
  const client = new Client(node, room)
  const failed = await client.synced.then(
    () => 0,
    () => 1,
  )
  await client.close()
  return failed
}

/** Of what was acknowledged, how much somebody who comes now is not given. */
async function missing(node: Peer, room: string, writers: readonly Client[]): Promise<number> {
  const reader = await Client.open(node, room)
  const clocks = Y.decodeStateVector(Y.encodeStateVectorFromUpdate(reader.state))
  await reader.close()
  return writers.reduce(
    (sum, { id, acknowledged }) => sum + Math.max(0, acknowledged - (clocks.get(id) ?? 0)),
    0,
  )
}
