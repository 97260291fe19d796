import { randomUUID } from 'node:crypto'
import type { Bench, Figures, Opened, Scenario } from '../../bench.ts'
import { Client } from '../../load/client.ts'
import { pace, until } from '../../load/pace.ts'
import { rest, warmUp } from '../../load/warm-up.ts'
import { type Peer, startPeer } from '../../peer.ts'
import { type Nodes, withNodesOn } from './nodes.ts'

const ROOMS = 50
const READERS = 9
/** Edits per second over all rooms. */
const RATE = 200
/** In the rooms themselves, in seconds: that hundreds join leaves garbage to mark, and code that was compiled for two. */
const WARM_UP = 20
const TURNS = 7

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
    if (!bench.wants('syncline')) return new Map()
    const [one, together, spread] = await allThree(bench)
    const figures = { one, together, spread, togetherRatio: together / one, spreadRatio: spread / one }
    return new Map([['syncline', figures]])
  },
}

/** All beside each other and measured in turns, so that a slow minute of the machine meets all alike; nobody but who is measured types. */
async function allThree(bench: Bench): Promise<readonly [number, number, number]> {
  const peer = await startPeer('syncline', bench.postgres, { database: 'one' })
  try {
    return await withNodesOn(bench, 'syncline', 'together', (two) =>
      withNodesOn(bench, 'syncline', 'spread', (others) => perDelivery(bench, peer, two, others)),
    )
  } finally {
    await peer.kill()
  }
}

async function perDelivery(
  bench: Bench,
  peer: Peer,
  two: Nodes,
  others: Nodes,
): Promise<readonly [number, number, number]> {
  await warmUp(bench, peer)
  await Promise.all([warmUp(bench, two.here), warmUp(bench, two.there)])
  await Promise.all([warmUp(bench, others.here, others.there), warmUp(bench, others.there, others.here)])
  const loads = {
    one: await Load.open(bench, peer, [peer, peer], () => 0),
    together: await Load.open(bench, two.both, [two.here, two.there], (room) => (room % 2 === 0 ? 0 : 1)),
    spread: await Load.open(bench, others.both, [others.here, others.there], (_, person) =>
      person % 2 === 0 ? 0 : 1,
    ),
  }
  const all = Object.values(loads)
  for (const load of all) await load.type(bench.pick(WARM_UP, 2))
  await rest(bench, [peer, two.here, two.there, others.here, others.there])
  const measured = await bench.turns(new Map(Object.entries(loads)), bench.pick(TURNS, 1))
  await Promise.all(all.map((load) => load.close()))
  const of = (name: keyof typeof loads) => measured.get(name)?.cpu ?? Number.NaN
  return [of('one'), of('together'), of('spread')]
}

class Load implements Opened {
  readonly #bench: Bench
  readonly #measured: Peer
  readonly #writers: Client[] = []
  readonly #readers: Client[] = []
  #typed = 0
  #deliveries = 0

  private constructor(bench: Bench, measured: Peer) {
    this.#bench = bench
    this.#measured = measured
  }

  static async open(bench: Bench, measured: Peer, nodes: readonly [Peer, Peer], place: Place): Promise<Load> {
    const load = new Load(bench, measured)
    for (let room = 0; room < ROOMS; room += 1) {
      const name = `doc:${randomUUID()}`
      const people = await Promise.all(
        Array.from({ length: READERS + 1 }, (_, person) => Client.open(nodes[place(room, person)], name)),
      )
      const [writer, ...readers] = people
      if (writer !== undefined) load.#writers.push(writer)
      load.#readers.push(...readers)
    }
    for (const reader of load.#readers) {
      reader.onTyped = (_, __, length) => {
        load.#deliveries += length
      }
    }
    return load
  }

  /** Until all of it is seen. */
  async type(seconds: number): Promise<void> {
    await pace(RATE, seconds, (index) => {
      this.#typed += 1
      this.#writers[index % ROOMS]?.type()
    })
    await until(() => this.#deliveries === this.#typed * READERS)
  }

  /** Processor time of a delivery, in µs. */
  async turn(): Promise<Figures> {
    const before = this.#deliveries
    const { cpu } = await this.#bench.measure(this.#measured, () => this.type(this.#bench.pick(6, 3)))
    return { cpu: (cpu * 1000) / (this.#deliveries - before) }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#writers, ...this.#readers].map((client) => client.close()))
  }
}
