import { setTimeout as pause } from 'node:timers/promises'
import { type Bench, type Figures, median, type Scenario } from '../bench.ts'
import { Client } from '../load/client.ts'
import type { Peer } from '../peer.ts'
import { RECORDED_ROOM, storeRecording, typeRecording } from './recording.ts'

const AT_ONCE = 100

/** A long document with all its history. */
export const open: Scenario = {
  name: 'open',
  title: 'opening a long document',
  columns: [
    { figure: 'warm', title: 'warm, ms', digits: 1 },
    { figure: 'warmCpu', title: 'warm cpu, ms', digits: 1 },
    { figure: 'cold', title: 'after a restart, ms', digits: 0 },
    { figure: 'hundred', title: `${AT_ONCE} at once, ms`, digits: 0 },
    { figure: 'hundredCpu', title: `${AT_ONCE} at once cpu, ms`, digits: 0 },
  ],
  goals: [
    { figure: 'warm', against: 'stock', atMost: 1 },
    { figure: 'cold', against: 'stock', atMost: 1.3 },
    { figure: 'hundredCpu', against: 'stock', atMost: 0.5 },
  ],
  run: async (bench) => {
    await storeRecording(bench)
    await typeRecording(bench)
    return bench.repeat(['stock', 'syncline'], bench.pick(5, 3), (peer) => opened(bench, peer))
  },
}

async function opened(bench: Bench, peer: Peer): Promise<Figures> {
  // Another document first: what is timed is this one's load, not the process's first connection.
  const other = await Client.open(peer, 'doc:empty')
  const cold = await timed(peer)
  const keeper = await Client.open(peer, RECORDED_ROOM)
  for (let i = 0; i < 10; i += 1) await timed(peer)
  const warm: number[] = []
  const rounds = 20
  const { cpu } = await bench.measure(peer, async () => {
    for (let i = 0; i < rounds; i += 1) warm.push(await timed(peer))
  })
  await pause(200)
  let clients: Client[] = []
  const hundred = await bench.measure(peer, async () => {
    clients = Array.from({ length: AT_ONCE }, () => new Client(peer, RECORDED_ROOM))
    await Promise.all(clients.map((client) => client.opened))
  })
  await Promise.all([other, keeper, ...clients].map((client) => client.close()))
  return { warm: median(warm), warmCpu: cpu / rounds, cold, hundred: hundred.ms, hundredCpu: hundred.cpu }
}

async function timed(peer: Peer): Promise<number> {
  const started = performance.now()
  const client = new Client(peer, RECORDED_ROOM)
  await client.opened
  const ms = performance.now() - started
  await client.close()
  return ms
}
