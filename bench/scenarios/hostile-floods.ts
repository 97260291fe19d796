import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Bench, Figures, Scenario } from '../bench.ts'
import { Client } from '../load/client.ts'
import { FLOOD_NAMES, Flood, type FloodName } from '../load/flood.ts'
import { pace } from '../load/pace.ts'
import type { Peer } from '../peer.ts'

/** Edits a second of somebody honest in the flooded room. */
const RATE = 20
const MIB = 1024 * 1024
const LIMITED = { limited: true }
/** A flood has used up what limits let through at once (docs/decisions/limits.md) after about two seconds. */
const BURST_SECONDS = 5

/** What one hostile connection costs the server, beside the same seconds without it. */
export const floods: Scenario = {
  name: 'hostile-floods',
  title: 'one hostile connection, as fast as it goes; what it costs the server beside an honest writer',
  columns: FLOOD_NAMES.flatMap((flood) => [
    { figure: `${flood} cpu`, title: `${flood}: cpu, % of a core`, digits: 1 },
    { figure: `${flood} memory`, title: `${flood}: memory, MB`, digits: 1 },
  ]),
  goals: FLOOD_NAMES.flatMap((flood) => [
    { figure: `${flood} cpu`, atMost: 5 },
    { figure: `${flood} memory`, atMost: 8 },
  ]),
  run: (bench) =>
    bench.repeat(
      ['stock', 'syncline'],
      bench.pick(2, 1),
      async (peer) => {
        const figures: Record<string, number> = {}
        for (const flood of FLOOD_NAMES) {
          const { cpu, memory } = await cost(bench, peer, flood)
          figures[`${flood} cpu`] = cpu
          figures[`${flood} memory`] = memory
        }
        return figures
      },
      LIMITED,
    ),
}

async function cost(
  bench: Bench,
  peer: Peer,
  name: FloodName,
): Promise<Figures & { cpu: number; memory: number }> {
  const room = `doc:${randomUUID()}`
  const honest = await Client.open(peer, room)
  const seconds = bench.pick(4, 3)
  await pace(RATE, 1, () => honest.type())
  const before = await peer.memory()
  const quiet = await bench.measure(peer, () => pace(RATE, seconds, () => honest.type()))
  const flood = new Flood(peer, room, name)
  // What may be taken at once is let through first; what is sustained is what an operator pays for.
  await pace(RATE, BURST_SECONDS, () => honest.type())
  const under = await bench.measure(peer, () => pace(RATE, seconds, () => honest.type()))
  const after = await peer.memory()
  flood.stop()
  await honest.close()
  await pause(500)
  bench.log(`    ${name}: ${flood.sent} frames, shut out ${flood.refused} times`)
  return {
    cpu: (under.cpu / under.ms - quiet.cpu / quiet.ms) * 100,
    memory: (after.heapUsed + after.external - before.heapUsed - before.external) / MIB,
  }
}
