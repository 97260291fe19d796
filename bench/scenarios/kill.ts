import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import * as Y from 'yjs'
import type { Bench, Figures, Scenario } from '../bench.ts'
import { Client } from '../load/client.ts'
import { pace } from '../load/pace.ts'
import type { PeerName } from '../peer.ts'

const ROOMS = 4
const WRITERS = 5
const RATE = 400
/** The server dies after this, and some. */
const TYPING_S = 1.5

/** kill -9 under typing: of what was acknowledged, how much does the next server not have? `stock` is the control. */
export const kill: Scenario = {
  name: 'kill',
  title: `kill -9 under ${RATE} edits/s of ${ROOMS * WRITERS} writers`,
  columns: [
    { figure: 'acknowledged', title: 'acknowledged', digits: 0 },
    { figure: 'lost', title: 'lost', digits: 0 },
  ],
  goals: [{ figure: 'lost', atMost: 0 }],
  run: async (bench) => {
    const sums = new Map<PeerName, Figures>()
    for (let round = 0; round < bench.pick(3, 1); round += 1) {
      for (const [name, { acknowledged = 0, lost = 0 }] of await bench.each(['stock', 'syncline'], (peer) =>
        oneRound(bench, peer),
      )) {
        const before = sums.get(name)
        sums.set(name, {
          acknowledged: acknowledged + (before?.acknowledged ?? 0),
          lost: lost + (before?.lost ?? 0),
        })
      }
    }
    return sums
  },
}

async function oneRound(bench: Bench, name: PeerName): Promise<Figures> {
  const names = Array.from({ length: ROOMS }, () => `doc:${randomUUID()}`)
  const writers = await bench.using(name, async (peer) => {
    const clients = await Promise.all(
      names.flatMap((room) => Array.from({ length: WRITERS }, () => Client.open(peer, room))),
    )
    const dead = pause(TYPING_S * 1000 + Math.random() * 300).then(() => peer.kill())
    await pace(RATE, TYPING_S + 0.5, (index) => clients[index % clients.length]?.type())
    await dead
    await Promise.all(clients.map((client) => client.gone))
    return clients
  })
  return bench.using(name, async (peer) => {
    let acknowledged = 0
    let lost = 0
    for (const [index, room] of names.entries()) {
      const reader = await Client.open(peer, room)
      const clocks = Y.decodeStateVector(Y.encodeStateVectorFromUpdate(reader.state))
      await reader.close()
      for (const writer of writers.slice(index * WRITERS, (index + 1) * WRITERS)) {
        acknowledged += writer.acknowledged
        lost += Math.max(0, writer.acknowledged - (clocks.get(writer.id) ?? 0))
      }
    }
    return { acknowledged, lost }
  })
}
