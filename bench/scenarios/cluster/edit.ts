import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { type Bench, type Figures, median, type Scenario } from '../../bench.ts'
import { Client } from '../../load/client.ts'
import { Latencies } from '../../load/latencies.ts'
import { pace, until } from '../../load/pace.ts'
import { warmUp } from '../../load/warm-up.ts'
import type { PeerName } from '../../peer.ts'
import { recording } from '../recording.ts'
import { type Nodes, withNodes } from './nodes.ts'

const RATE = 200
/**
 * Until history has made its first block, of 2,000 entries, in which all that was put in at the start stands as well: it fell into
 * the seconds that were measured, 0.25 ms an edit of the long one.
 */
const WARM_UP = 12
/** One more block is made of what is typed in so long, as of every 2,000 edits. */
const MEASURED = 10
/**
 * A room is indexed once it was quiet for 5 s: what is typed before is so before anything is measured, and what is typed
 * then within what is. Without it the first indexing, which starts a thread, fell into the first document's few seconds.
 */
const INDEXED_WITHIN = 8_000
/** In ms. */
const IDLE = 5_000
const COPIES = 8
/** Where a server does not keep up: what was typed in a few seconds may take it this long, in ms. */
const SEEN_WITHIN = 300_000

/** A long document is open on two nodes; one person types on the one, another watches on the other. */
export const edit: Scenario = {
  name: 'cluster-edit',
  title: `two nodes, a recorded paper open on both, ${RATE} edits/s on one of them; and a document ${COPIES} times as long`,
  columns: [
    { figure: 'cpu', title: 'cpu per edit of both nodes, ms', digits: 3 },
    { figure: 'p50', title: 'seen on the other p50, ms', digits: 2 },
    { figure: 'longCpu', title: `${COPIES} times as long: cpu, ms`, digits: 3 },
    { figure: 'longP50', title: 'p50, ms', digits: 2 },
    { figure: 'growth', title: 'cpu, long to short', digits: 2 },
  ],
  goals: [
    { figure: 'cpu', against: 'stock', atMost: 0.3 },
    { figure: 'p50', against: 'stock', atMost: 0.6 },
    { figure: 'longCpu', against: 'stock', atMost: 0.1 },
    { figure: 'growth', atMost: 1.2 },
  ],
  run: async (bench) => {
    const copies = await copiesOf(bench)
    const rounds = new Map<PeerName, Figures[]>()
    for (let round = 0; round < bench.pick(3, 1); round += 1) {
      for (const [name, figures] of await bench.each(['stock', 'syncline'], (peer) =>
        withNodes(bench, peer, async (nodes) => {
          await warmUp(bench, nodes.here, nodes.there)
          const short = await typed(bench, nodes, copies.slice(0, 1))
          const long = await typed(bench, nodes, copies)
          return {
            ...short,
            longCpu: long.cpu,
            longP50: long.p50,
            growth: long.cpu / short.cpu,
          }
        }),
      )) {
        rounds.set(name, [...(rounds.get(name) ?? []), figures])
      }
    }
    return new Map(
      [...rounds].map(([name, runs]) => {
        const figure = (of: string) => median(runs.map((run) => run[of] ?? Number.NaN))
        const names = ['cpu', 'p50', 'longCpu', 'longP50', 'growth']
        return [name, Object.fromEntries(names.map((of) => [of, figure(of)]))]
      }),
    )
  },
}

/** The recorded document as one update; each copy is somebody else's, so that they add up. */
async function copiesOf(bench: Bench): Promise<readonly Uint8Array[]> {
  const doc = new Y.Doc()
  const updates = await recording(bench)
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update)
  })
  const [author] = Y.decodeStateVector(Y.encodeStateVector(doc)).keys()
  if (author === undefined) throw new Error('the recording is empty')
  const whole = Y.encodeStateAsUpdate(doc)
  return Array.from({ length: COPIES }, (_, copy) => byAnother(whole, author, author ^ copy))
}

/** The same written by another: their ids differ in the lowest bits, so that they are of one length. */
function byAnother(update: Uint8Array, author: number, other: number): Uint8Array {
  const [from, to] = [author, other].map((id) =>
    encoding.encode((encoder) => encoding.writeVarUint(encoder, id >>> 0)),
  )
  const copy = Buffer.from(update)
  if (from === undefined || to === undefined || author === other) return copy
  for (let at = copy.indexOf(from); at >= 0; at = copy.indexOf(from, at + to.length)) copy.set(to, at)
  return copy
}

async function typed(
  bench: Bench,
  { here, there, both }: Nodes,
  copies: readonly Uint8Array[],
): Promise<{ readonly cpu: number; readonly p50: number }> {
  const room = `doc:${randomUUID()}`
  const writer = await Client.open(here, room)
  for (const copy of copies) writer.send(copy)
  await until(() => writer.acknowledged === writer.typed, SEEN_WITHIN)
  const reader = await Client.open(there, room)
  const latencies = new Latencies()
  const typist = await Client.open(here, room)
  await writer.close()
  reader.onTyped = (client, clock, length) => {
    const now = performance.now()
    if (client !== typist.id) return
    for (let i = clock; i < clock + length; i += 1) latencies.add(now - (typist.sentAt[i] ?? now))
  }
  await pace(RATE, WARM_UP, () => typist.type())
  await until(() => latencies.count === typist.typed, SEEN_WITHIN)
  await pause(INDEXED_WITHIN)
  const idle = both.cpu()
  await pause(IDLE)
  const perMs = (both.cpu() - idle) / IDLE
  latencies.clear()
  const before = typist.typed
  const { cpu, ms } = await bench.measure(both, async () => {
    await pace(RATE, bench.pick(MEASURED, 3), () => typist.type())
    await until(() => latencies.count === typist.typed - before, SEEN_WITHIN)
    await pause(INDEXED_WITHIN)
  })
  await Promise.all([reader, typist].map((client) => client.close()))
  return { cpu: (cpu - perMs * ms) / latencies.count, p50: latencies.percentile(50) }
}
