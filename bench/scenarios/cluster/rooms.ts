import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type Bench, type Figures, median, type Scenario, STAYED } from '../../bench.ts'
import { Client } from '../../load/client.ts'
import { pace, until } from '../../load/pace.ts'
import { rest, warmUp } from '../../load/warm-up.ts'
import { type Peer, startPeer } from '../../peer.ts'
import { type Nodes, withNodes } from './nodes.ts'

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
    const measured = new Map<'syncline', Figures>()
    const turns = await allThree(bench)
    const names = ['one', 'together', 'spread'] as const
    const [one, together, spread] = names.map((name) => median(turns.map((figures) => figures[name] ?? 0)))
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

/** All beside each other and measured in turns, so that a slow minute of the machine meets all alike; nobody but who is measured types. */
async function allThree(bench: Bench): Promise<readonly Figures[]> {
  const peer = await startPeer('syncline', bench.postgres, { database: 'one' })
  try {
    return await withNodes(
      bench,
      'syncline',
      (two) => withNodes(bench, 'syncline', (others) => inTurns(bench, peer, two, others), 'spread'),
      'together',
    )
  } finally {
    await peer.kill()
  }
}

async function inTurns(bench: Bench, peer: Peer, two: Nodes, others: Nodes): Promise<readonly Figures[]> {
  await warmUp(bench, peer)
  await Promise.all([warmUp(bench, two.here), warmUp(bench, two.there)])
  await Promise.all([warmUp(bench, others.here, others.there), warmUp(bench, others.there, others.here)])
  const loads = {
    one: await Load.open(peer, [peer, peer], () => 0),
    together: await Load.open(two.both, [two.here, two.there], (room) => (room % 2 === 0 ? 0 : 1)),
    spread: await Load.open(others.both, [others.here, others.there], (_, person) =>
      person % 2 === 0 ? 0 : 1,
    ),
  }
  const all = Object.values(loads)
  for (const load of all) await load.type(bench.pick(WARM_UP, 2))
  await rest(bench, [peer, two.here, two.there, others.here, others.there])
  const turns: Figures[] = []
  for (let turn = 0; turn < bench.pick(TURNS, 1); turn += 1) {
    const figures = await bench.each(['syncline'], async () => {
      const of: Record<string, number> = {}
      for (const [name, load] of Object.entries(loads)) {
        for (const each of all) each.stay()
        await pause(STAYED)
        of[name] = await load.measure(bench)
      }
      return of
    })
    turns.push(...figures.values())
  }
  await Promise.all(all.map((load) => load.close()))
  return turns
}

class Load {
  readonly #measured: Peer
  readonly #writers: Client[] = []
  readonly #readers: Client[] = []
  #typed = 0
  #deliveries = 0

  private constructor(measured: Peer) {
    this.#measured = measured
  }

  static async open(measured: Peer, nodes: readonly [Peer, Peer], place: Place): Promise<Load> {
    const load = new Load(measured)
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
  async measure(bench: Bench): Promise<number> {
    const before = this.#deliveries
    const { cpu } = await bench.measure(this.#measured, () => this.type(bench.pick(6, 3)))
    return (cpu * 1000) / (this.#deliveries - before)
  }

  stay(): void {
    for (const client of [...this.#writers, ...this.#readers]) client.stay()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#writers, ...this.#readers].map((client) => client.close()))
  }
}
