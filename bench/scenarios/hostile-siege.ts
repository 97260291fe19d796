import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Scenario } from '../bench.ts'
import { Client } from '../load/client.ts'
import { Latencies } from '../load/latencies.ts'
import { pace, until } from '../load/pace.ts'
import type { Peer } from '../peer.ts'

const SIEGE = fileURLToPath(new URL('../../tests/hostile/siege.ts', import.meta.url))
const RATE = 100
const MIB = 1024 * 1024
const LIMITED = { limited: true }

/** What honest people notice while one hostile person goes through the corpus of tests/hostile again and again. */
export const siege: Scenario = {
  name: 'hostile-siege',
  title: `two honest writers at ${RATE} edits/s together, in the attacked room and in another`,
  columns: [
    { figure: 'quiet', title: 'saved p99 before, ms', digits: 1 },
    { figure: 'under', title: 'saved p99 under attack, ms', digits: 1 },
    { figure: 'times', title: 'times', digits: 1 },
    { figure: 'memory', title: 'memory grown, MB', digits: 1 },
    { figure: 'attacks', title: 'attacks', digits: 0 },
  ],
  goals: [
    { figure: 'times', atMost: 5 },
    { figure: 'memory', atMost: 64 },
  ],
  run: (bench) =>
    bench.repeat(
      ['syncline'],
      bench.pick(3, 1),
      async (peer) => {
        const room = `doc:${randomUUID()}`
        const writers = [await Client.open(peer, room), await Client.open(peer, `doc:${randomUUID()}`)]
        const latencies = new Latencies()
        for (const writer of writers) writer.onAcknowledged = (latency) => latencies.add(latency)
        const settled = (): boolean => writers.every(({ typed, acknowledged }) => typed === acknowledged)
        const typed = async (seconds: number): Promise<number> => {
          latencies.clear()
          await pace(RATE, seconds, (index) => writers[index % writers.length]?.type())
          await until(settled)
          return latencies.percentile(99)
        }
        await typed(2)
        const before = await peer.memory()
        const quiet = await typed(bench.pick(8, 4))
        let under = Number.NaN
        let attacks = 0
        await bench.measure(peer, async () => {
          const besieged = await besiege(peer, room)
          under = await typed(bench.pick(30, 10))
          attacks = await besieged()
        })
        const after = await peer.memory()
        await Promise.all(writers.map((writer) => writer.close()))
        const grown = after.heapUsed + after.external - before.heapUsed - before.external
        return { quiet, under, times: under / quiet, memory: grown / MIB, attacks }
      },
      LIMITED,
    ),
}

/** Begins; what it gives ends it, and tells how many attacks there were. */
async function besiege(peer: Peer, room: string): Promise<() => Promise<number>> {
  const token = peer.signToken('mallory', { 'doc:*': 'write' })
  const env = { ...process.env, WS_URL: peer.address, ROOM: room, TOKEN: token }
  const child = spawn(process.execPath, [SIEGE], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return async () => {
    const said = once(child.stdout, 'data')
    child.kill('SIGTERM')
    return Number(String((await said)[0]))
  }
}
