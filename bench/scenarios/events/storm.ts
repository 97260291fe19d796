import { randomUUID } from 'node:crypto'
import type { Fault } from '../../../tests/channels/checker.ts'
import { storm as runStorm } from '../../../tests/channels/storm.ts'
import type { Bench, Figures, Scenario } from '../../bench.ts'
import { startPeer } from '../../peer.ts'

/** Everybody publishes and reads, over everything that drops; the checker of the tests says what became of it. */
export const storm: Scenario = {
  name: 'events-storm',
  title: 'reconnects of everybody and kill -9 under publishing',
  columns: [
    { figure: 'events', title: 'events', digits: 0 },
    { figure: 'reconnects', title: 'reconnects of all', digits: 0 },
    { figure: 'kills', title: 'kills', digits: 0 },
    { figure: 'lost', title: 'lost or missed', digits: 0 },
    { figure: 'twice', title: 'twice', digits: 0 },
    { figure: 'disorder', title: 'out of order', digits: 0 },
    { figure: 'other', title: 'otherwise wrong', digits: 0 },
    { figure: 'seconds', title: 'seconds', digits: 0 },
  ],
  goals: ['lost', 'twice', 'disorder', 'other'].map((figure) => ({ figure, atMost: 0 })),
  run: (bench) => bench.each(['syncline'], () => stormed(bench)),
}

async function stormed(bench: Bench): Promise<Figures> {
  let peer = await startPeer('syncline', bench.postgres)
  const options = {
    room: `build:${randomUUID()}`,
    events: bench.pick(100_000, 5_000),
    publishers: 4,
    readers: 8,
    batch: 20,
    kills: bench.pick(20, 2),
    reconnects: bench.pick(100, 10),
    withinMs: 600_000,
  }
  const started = performance.now()
  try {
    const { record, stored } = await runStorm(
      {
        wsUrl: () => peer.address,
        url: () => new URL(peer.address.replace('ws', 'http')).origin,
        token: async () => peer.token,
        kill: async () => {
          await peer.kill()
          peer = await startPeer('syncline', bench.postgres)
        },
      },
      options,
    )
    const faults = record.check(stored)
    const count = (...kinds: Fault['kind'][]) => faults.filter(({ kind }) => kinds.includes(kind)).length
    for (const { kind, detail } of faults.slice(0, 10)) bench.log(`  ${kind}: ${detail}`)
    return {
      events: stored.length,
      reconnects: options.reconnects,
      kills: options.kills,
      lost: count('lost', 'missed'),
      twice: count('twice'),
      disorder: count('disorder'),
      other: count('disagreement', 'invented', 'unanswered'),
      seconds: (performance.now() - started) / 1000,
    }
  } finally {
    await peer.kill()
  }
}
