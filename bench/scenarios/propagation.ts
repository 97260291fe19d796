import { randomUUID } from 'node:crypto'
import type { Bench, Opened, Scenario } from '../bench.ts'
import { Client } from '../load/client.ts'
import { Latencies } from '../load/latencies.ts'
import { pace, until } from '../load/pace.ts'
import { rest, warmUp } from '../load/warm-up.ts'
import { DOCUMENT_PEERS, type Peer } from '../peer.ts'

const READERS = 100
const RATE = 20
const TURNS = 9
/**
 * In the room itself, as fast: that a hundred join leaves V8 with garbage to mark (0.1 s) and with code that was compiled for one reader.
 * Ours took 20 µs a delivery in the first seconds, 14 in the next, and 10 from then on; `bare` 6 from the start.
 */
const WARM_UP = { rate: 200, seconds: 10 }

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
  run: (bench) => bench.inTurns(DOCUMENT_PEERS, bench.pick(TURNS, 1), (peer) => open(bench, peer)),
}

async function open(bench: Bench, peer: Peer): Promise<Opened> {
  await warmUp(bench, peer)
  const room = `doc:${randomUUID()}`
  const writer = await Client.open(peer, room)
  const readers = await Promise.all(Array.from({ length: READERS }, () => Client.open(peer, room)))
  const clients = [writer, ...readers]
  const latencies = new Latencies()
  for (const reader of readers) {
    reader.onTyped = (_, clock, length) => {
      const now = performance.now()
      for (let i = clock; i < clock + length; i += 1) latencies.add(now - (writer.sentAt[i] ?? now))
    }
  }
  const type = async (rate: number, seconds: number) => {
    latencies.clear()
    const before = writer.typed
    await pace(rate, seconds, () => writer.type())
    await until(() => latencies.count === (writer.typed - before) * READERS)
  }
  await type(WARM_UP.rate, bench.pick(WARM_UP.seconds, 1))
  await rest(bench, [peer])
  return {
    turn: async () => {
      const { cpu } = await bench.measure(peer, () => type(RATE, bench.pick(5, 3)))
      return {
        p50: latencies.percentile(50),
        p99: latencies.percentile(99),
        cpu: (cpu * 1000) / latencies.count,
      }
    },
    stay: () => {
      for (const client of clients) client.stay()
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.close()))
    },
  }
}
