import { randomUUID } from 'node:crypto'
import type { Scenario } from '../bench.ts'
import { Client } from '../load/client.ts'
import { DOCUMENT_PEERS, type PeerName } from '../peer.ts'

const FEW = 2_000
const MANY = 10_000
const IN_A_ROOM = 10
const AT_ONCE = 100

/** People who have a document open and do nothing. */
const idling = (name: string, connections: number, peers: readonly PeerName[]): Scenario => ({
  name,
  title: `${connections} idle connections, ${IN_A_ROOM} to a room`,
  columns: [
    { figure: 'rss', title: 'resident KB per connection', digits: 1 },
    { figure: 'heap', title: 'heap KB per connection', digits: 1 },
  ],
  goals: [{ figure: 'rss', against: 'bare', atMost: 1.5 }],
  run: (bench) =>
    bench.repeat(peers, bench.pick(3, 1), async (peer) => {
      // What the first connections load and compile is not theirs.
      const first = await Client.open(peer, `doc:${randomUUID()}`)
      await first.close()
      const before = await peer.memory()
      const clients: Client[] = []
      while (clients.length < connections) {
        const batch = Array.from({ length: AT_ONCE }, (_, index) =>
          Client.open(peer, `doc:${peer.name}-${Math.floor((clients.length + index) / IN_A_ROOM)}`),
        )
        clients.push(...(await Promise.all(batch)))
      }
      const after = await peer.memory()
      await Promise.all(clients.map((client) => client.close()))
      const perConnection = (bytes: number): number => bytes / 1024 / connections
      return {
        rss: perConnection(after.rss - before.rss),
        heap: perConnection(after.heapUsed + after.external - before.heapUsed - before.external),
      }
    }),
})

export const idle = idling('idle', FEW, DOCUMENT_PEERS)
export const idleMany = idling('cluster-idle', MANY, ['bare', 'syncline'])
