import { randomUUID } from 'node:crypto'
import type { Scenario } from '../bench.ts'
import { Client } from '../load/client.ts'
import { Latencies } from '../load/latencies.ts'
import { pace, until } from '../load/pace.ts'
import { warmUp } from '../load/warm-up.ts'
import { DOCUMENT_PEERS } from '../peer.ts'

const READERS = 100
const RATE = 20
const WARM_UP = 1

/** One person types, a hundred watch. */
export const propagation: Scenario = {
  name: 'propagation',
  title: `One writer at ${RATE} edits/s, ${READERS} readers`,
  columns: [
    { figure: 'p50', title: 'seen p50, ms', digits: 2 },
    { figure: 'p99', title: 'seen p99, ms', digits: 2 },
    { figure: 'cpu', title: 'cpu per delivery, µs', digits: 1 },
  ],
  goals: [
    { figure: 'p50', against: 'bare', atMost: 1.1 },
    { figure: 'cpu', against: 'bare', atMost: 1.3 },
  ],
  run: (bench) =>
    bench.repeat(DOCUMENT_PEERS, bench.pick(3, 1), async (peer) => {
      await warmUp(bench, peer)
      const room = `doc:${randomUUID()}`
      const writer = await Client.open(peer, room)
      const readers = await Promise.all(Array.from({ length: READERS }, () => Client.open(peer, room)))
      const latencies = new Latencies()
      for (const reader of readers) {
        reader.onTyped = (_, clock, length) => {
          const now = performance.now()
          for (let i = clock; i < clock + length; i += 1) latencies.add(now - (writer.sentAt[i] ?? now))
        }
      }
      await pace(RATE, WARM_UP, () => writer.type())
      await until(() => latencies.count === writer.typed * READERS)
      latencies.clear()
      const before = writer.typed
      const { cpu } = await bench.measure(peer, async () => {
        await pace(RATE, bench.pick(5, 3), () => writer.type())
        await until(() => latencies.count === (writer.typed - before) * READERS)
      })
      await Promise.all([writer, ...readers].map((client) => client.close()))
      return {
        p50: latencies.percentile(50),
        p99: latencies.percentile(99),
        cpu: (cpu * 1000) / latencies.count,
      }
    }),
}
