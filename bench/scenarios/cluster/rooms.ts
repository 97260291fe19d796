import { randomUUID } from 'node:crypto'
import type { Bench, Figures, Scenario } from '../../bench.ts'
import { Client } from '../../load/client.ts'
import { pace, until } from '../../load/pace.ts'
import { warmUp } from '../../load/warm-up.ts'
import { type Peer, startPeer } from '../../peer.ts'
import { withNodes } from './nodes.ts'

const ROOMS = 50
const READERS = 9
/** Edits per second over all rooms. */
const RATE = 200
/** Until all has been written in once. */
const WARM_UP = 2

/** Which of the nodes somebody of a room is connected to. */
type Place = (room: number, person: number) => 0 | 1

/**
 * The same load on one node, on two with each room's people on the same one, and on two with the people of each room on
 * both: what it costs that there is another node.
 */
export const nodeRooms: Scenario = {
  name: 'cluster-rooms',
  title: `${ROOMS} rooms of a writer and ${READERS} readers, ${RATE} edits/s in all, on one node and on two`,
  columns: [
    { figure: 'one', title: 'one node: cpu per delivery, µs', digits: 1 },
    { figure: 'together', title: 'two, each room on one: µs', digits: 1 },
    { figure: 'spread', title: 'two, each room on both: µs', digits: 1 },
    { figure: 'togetherRatio', title: 'each room on one, ratio', digits: 2 },
    { figure: 'spreadRatio', title: 'each room on both, ratio', digits: 2 },
  ],
  goals: [
    { figure: 'togetherRatio', atMost: 1.2 },
    { figure: 'spreadRatio', atMost: 1.2 },
  ],
  run: async (bench) => {
    const rounds: Figures[] = []
    const measured = new Map<'syncline', Figures>()
    for (let round = 0; round < bench.pick(3, 1); round += 1) {
      for (const [, figures] of await bench.each(['syncline'], () => oneRound(bench))) rounds.push(figures)
    }
    const names = ['one', 'together', 'spread'] as const
    const [one, together, spread] = names.map((name) => middle(rounds.map((figures) => figures[name] ?? 0)))
    if (one === undefined || together === undefined || spread === undefined) return measured
    return measured.set('syncline', {
      one,
      together,
      spread,
      togetherRatio: together / one,
      spreadRatio: spread / one,
    })
  },
}

const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

async function oneRound(bench: Bench): Promise<Figures> {
  const peer = await startPeer('syncline', bench.postgres)
  let one = 0
  try {
    await warmUp(bench, peer)
    one = await delivered(bench, peer, [peer, peer], () => 0)
  } finally {
    await peer.kill()
  }
  return withNodes(bench, 'syncline', async ({ here, there, both }) => {
    // Each as the one, and what they say to each other once it is measured.
    await Promise.all([warmUp(bench, here), warmUp(bench, there)])
    const together = await delivered(bench, both, [here, there], (room) => (room % 2 === 0 ? 0 : 1))
    await Promise.all([warmUp(bench, here, there), warmUp(bench, there, here)])
    const spread = await delivered(bench, both, [here, there], (_, person) => (person % 2 === 0 ? 0 : 1))
    return { one, together, spread }
  })
}

/** Processor time of a delivery, in µs. */
async function delivered(
  bench: Bench,
  measured: Peer,
  nodes: readonly [Peer, Peer],
  place: Place,
): Promise<number> {
  const writers: Client[] = []
  const readers: Client[] = []
  let deliveries = 0
  for (let room = 0; room < ROOMS; room += 1) {
    const name = `doc:${randomUUID()}`
    const people = await Promise.all(
      Array.from({ length: READERS + 1 }, (_, person) => Client.open(nodes[place(room, person)], name)),
    )
    const [writer, ...others] = people
    if (writer !== undefined) writers.push(writer)
    for (const reader of others) {
      reader.onTyped = (_, __, length) => {
        deliveries += length
      }
    }
    readers.push(...others)
  }
  const type = (index: number) => writers[index % ROOMS]?.type()
  let typed = 0
  const typeFor = async (seconds: number) => {
    await pace(RATE, seconds, (index) => {
      typed += 1
      type(index)
    })
    await until(() => deliveries === typed * READERS)
  }
  await typeFor(WARM_UP)
  const before = deliveries
  const { cpu } = await bench.measure(measured, () => typeFor(bench.pick(6, 3)))
  await Promise.all([...writers, ...readers].map((client) => client.close()))
  return (cpu * 1000) / (deliveries - before)
}
