import { randomUUID } from 'node:crypto'
import type { Scenario } from '../bench.ts'
import { Client } from '../load/client.ts'
import { Latencies } from '../load/latencies.ts'
import { pace, until } from '../load/pace.ts'
import { warmUp } from '../load/warm-up.ts'

const WRITERS = 20
const RATE = 500

/** How long "saving" shows: in memory only for all but this server, which has committed by then. */
export const acknowledgement: Scenario = {
  name: 'ack',
  title: `${WRITERS} writers in one document, ${RATE} edits/s together`,
  columns: [
    { figure: 'p50', title: 'acknowledged p50, ms', digits: 2 },
    { figure: 'p99', title: 'acknowledged p99, ms', digits: 2 },
    { figure: 'cpu', title: 'cpu per edit, µs', digits: 0 },
  ],
  goals: [{ figure: 'p50', against: 'stock', atMost: 2 }],
  run: (bench) =>
    bench.repeat(['bare', 'stock', 'y-websocket', 'syncline'], bench.pick(3, 1), async (peer) => {
      await warmUp(bench, peer)
      const room = `doc:${randomUUID()}`
      const writers = await Promise.all(Array.from({ length: WRITERS }, () => Client.open(peer, room)))
      const latencies = new Latencies()
      for (const writer of writers) writer.onAcknowledged = (latency) => latencies.add(latency)
      const type = (index: number): void => writers[index % WRITERS]?.type()
      const settled = (): boolean => writers.every(({ typed, acknowledged }) => typed === acknowledged)
      await pace(RATE, 1, type)
      await until(settled)
      latencies.clear()
      const { cpu } = await bench.measure(peer, async () => {
        await pace(RATE, bench.pick(5, 3), type)
        await until(settled)
      })
      await Promise.all(writers.map((client) => client.close()))
      return {
        p50: latencies.percentile(50),
        p99: latencies.percentile(99),
        cpu: (cpu * 1000) / latencies.count,
      }
    }),
}
