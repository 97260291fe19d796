import { type Fault as EventFault, RoomRecord } from '../channels/checker.ts'
import { EventClient } from '../channels/event-client.ts'
import { readAll } from '../channels/storm.ts'
import { until } from '../support/server-process.ts'
import { type Cluster, type Node, token } from './cluster.ts'
import { FAULTS } from './faults.ts'
import { People } from './people.ts'
import type { Schedule, Strike } from './schedule.ts'
import { checkEdits, type Problem, type Replayed, replay, type Verdict } from './verdict.ts'
import { readAfresh } from './writer.ts'

export const ROOMS = 2
/** Between two events of one publisher, in ms. */
const PAUSE = 50
/** Who hears nothing for so long, and has asked, connects anew, in ms: a dead connection says nothing. */
const PATIENCE = 3_000
/** A Redis that stood still is noticed after five seconds, and its place is taken after one or two. */
const HEARD_WITHIN = 15_000

/**
 * People type and publish at every node while all sorts of things happen. At the end nothing is left of any of them, and
 * what they were told is held against what a newcomer finds at each node, and against the log.
 */
export async function playRound(cluster: Cluster, schedule: Schedule): Promise<Verdict> {
  const { seed, strikes, ends } = schedule
  const tag = `${seed}-${Date.now().toString(36)}`
  const rooms = Array.from({ length: ROOMS }, (_, index) => {
    // Who changes nodes may bring one what another has, which is then twice in the log, and once in the document.
    return new People(cluster, `doc:${tag}-${index}`, index === ROOMS - 1)
  })
  const events = new Publishing(cluster, `build:${tag}`)
  const problems: Problem[] = []
  let step = 'coming'
  try {
    await Promise.all(rooms.map((people) => people.come()))
    events.start()
    for (const strike of strikes) {
      step = strike.fault
      await withstand(cluster, rooms, strike)
    }
    step = 'coming to rest'
    await until(() => cluster.nodes.every(hearsOthers), HEARD_WITHIN)
    for (const people of rooms) people.rest()
    await Promise.all([events.settle(), ...rooms.map((people) => people.saved())])
    problems.push(...(await liveDivergence(cluster, rooms)))
    step = 'the last blow'
    await lastBlow(ends === 'killed' ? cluster.mortal : [], rooms)
    problems.push(...(await checkRooms(cluster, rooms)), ...(await events.check()), ...falseAlarms(cluster))
  } catch (error) {
    problems.push({
      kind: 'stuck',
      detail: `${step}: ${error instanceof Error ? error.stack : String(error)}`,
    })
  } finally {
    for (const people of rooms) people.go()
    events.end()
  }
  const claims = rooms.flatMap((people) => people.claims)
  const acknowledged = claims.reduce((sum, claim) => sum + claim.acknowledged, events.acknowledged)
  const documents = rooms.map(({ room, claims }) => ({ room, claims }))
  return { seed, acknowledged, problems, documents }
}

async function withstand(cluster: Cluster, rooms: readonly People[], strike: Strike): Promise<void> {
  const { fault, deserted, edits } = strike
  const node = cluster.nodes[strike.node]
  if (node === undefined) throw new Error(`there is no node ${strike.node}`)
  const leaving = rooms.filter((_, index) => deserted.includes(index))
  const mend = await FAULTS[fault](cluster, node)
  try {
    for (const people of leaving) people.go()
    const typed = () => rooms.reduce((sum, people) => sum + people.typed, 0)
    const enough = typed() + edits
    // Where nobody is left to type there is nothing to wait for.
    if (leaving.length < rooms.length) await until(() => typed() >= enough, 60_000)
  } finally {
    await mend()
  }
  await Promise.all(leaving.map((people) => people.come()))
  await Promise.all(rooms.map((people) => people.heard()))
}

/** Redis came back, or another took its place. */
const hearsOthers = ({ server }: Node): boolean =>
  server.output.lastIndexOf('connected to other nodes') > server.output.lastIndexOf('Redis is away')

/** Nobody writes any more: within seconds all must have the same, also who comes just now to what nodes hold in memory. */
async function liveDivergence(cluster: Cluster, rooms: readonly People[]): Promise<Problem[]> {
  const problems = rooms.map(async ({ room, writers }): Promise<Problem[]> => {
    const same = async () => {
      const fresh = await Promise.all(cluster.nodes.map(({ wsUrl }) => readAfresh(room, wsUrl)))
      return new Set([...fresh, ...writers.map(({ edits }) => edits)].map((edits) => edits.join())).size === 1
    }
    return until(same, 5_000).then(
      () => [],
      (error: Error) => [{ kind: 'diverged', detail: `${room}, nodes in memory: ${error.message}` }],
    )
  })
  return (await Promise.all(problems)).flat()
}

/** Nodes die under typing, and so do all clients, so that nobody can bring anything back. */
async function lastBlow(nodes: readonly Node[], rooms: readonly People[]): Promise<void> {
  for (const { writers } of rooms) for (const writer of writers) writer.start()
  await Promise.all(rooms.map((people) => people.heard()))
  await Promise.all(nodes.map(({ server }) => server.end('SIGKILL')))
  for (const people of rooms) people.go()
  await Promise.all(nodes.map(({ server }) => server.start()))
}

async function checkRooms(cluster: Cluster, rooms: readonly People[]): Promise<Problem[]> {
  const names = rooms.map(({ room }) => room)
  let logged: readonly Replayed[] = []
  let apart: readonly string[] = []
  // What was on its way as everybody went may still be written.
  const settled = until(async () => {
    logged = await replay(cluster.postgres.url, names)
    const found = names.map((room, index) => partedNodes(cluster, room, logged[index]?.edits ?? []))
    apart = (await Promise.all(found)).flat()
    return apart.length === 0
  }, 5_000)
  await settled.catch((error: unknown) => {
    if (apart.length === 0) throw error
  })
  const problems = rooms.flatMap(({ room, claims, roams }, index): Problem[] => {
    const { edits = [], twice = [] } = logged[index] ?? {}
    const entries = roams
      ? []
      : twice.map((edit): Problem => ({ kind: 'twice', detail: `${room}, entries: ${edit}` }))
    return [...checkEdits(claims, edits, `${room}, its log`), ...entries]
  })
  return [...problems, ...apart.map((detail): Problem => ({ kind: 'diverged', detail }))]
}

/** The database comes back in each of these with all that it had. */
const falseAlarms = ({ nodes }: Cluster): Problem[] =>
  nodes
    .filter(({ server }) => server.output.includes('the database has gone back'))
    .map(() => ({ kind: 'invented', detail: 'a node says that the database has gone back' }))

/** The nodes at which a newcomer does not find what the log says. */
async function partedNodes(
  { nodes }: Cluster,
  room: string,
  edits: readonly string[],
): Promise<readonly string[]> {
  const found = nodes.map(async ({ wsUrl }, node) => {
    const there = await readAfresh(room, wsUrl)
    return there.join() === edits.join()
      ? []
      : [`${room}: node ${node} has ${there.length} of ${edits.length}`]
  })
  return (await Promise.all(found)).flat()
}

/** Somebody at each node publishes events and reads them, and comes back at the next node each time. */
class Publishing {
  readonly #record = new RoomRecord()
  readonly #clients: readonly EventClient[]
  readonly #cluster: Cluster
  readonly #room: string
  readonly #watch: NodeJS.Timeout
  #timer: NodeJS.Timeout | undefined
  #published = 0

  constructor(cluster: Cluster, room: string) {
    this.#cluster = cluster
    this.#room = room
    this.#clients = cluster.nodes.map((_, index) => {
      let turn = index
      return new EventClient({
        url: () => {
          turn += 1
          return cluster.nodes[turn % cluster.nodes.length]?.wsUrl ?? ''
        },
        token: async () => token(`publisher-${index}`),
        room,
        publisher: this.#record.publisher(`publisher ${index}`),
        reader: this.#record.reader(`reader ${index}`),
      })
    })
    const heard = this.#clients.map(() => performance.now())
    this.#clients.forEach((client, index) => {
      client.onTold = () => {
        heard[index] = performance.now()
      }
    })
    this.#watch = setInterval(() => {
      this.#clients.forEach((client, index) => {
        if (performance.now() - (heard[index] ?? 0) < PATIENCE || client.unanswered === 0) return
        heard[index] = performance.now()
        client.cut()
      })
    }, PATIENCE / 10)
  }

  get acknowledged(): number {
    return this.#record.publishers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)
  }

  start(): void {
    this.#timer = setInterval(() => {
      for (const client of this.#clients) {
        this.#published += 1
        client.publish([{ type: 'build.started', id: `event-${this.#published}`, payload: {} }])
      }
    }, PAUSE)
  }

  async settle(): Promise<void> {
    clearInterval(this.#timer)
    await until(() => this.#clients.every(({ unanswered }) => unanswered === 0), 30_000)
  }

  /** Everybody has come back once more, and says to have seen all. */
  async check(): Promise<Problem[]> {
    for (const client of this.#clients) client.cut()
    await until(() => this.#clients.every(({ resumed }) => resumed), 30_000)
    const [first] = this.#cluster.nodes
    const stored = await readAll(
      { url: () => first?.server.url ?? '', token: async () => token('reader') },
      this.#room,
    )
    return this.#record.check(stored).map(problemOf)
  }

  end(): void {
    clearInterval(this.#timer)
    clearInterval(this.#watch)
    for (const client of this.#clients) client.destroy()
  }
}

function problemOf({ kind, detail }: EventFault): Problem {
  switch (kind) {
    case 'lost':
    case 'twice':
    case 'disorder':
    case 'invented':
      return { kind, detail: `event: ${detail}` }
    case 'missed':
      return { kind: 'lost', detail: `event: ${detail}` }
    case 'disagreement':
      return { kind: 'diverged', detail: `event: ${detail}` }
    case 'unanswered':
      return { kind: 'stuck', detail: `event: ${detail}` }
  }
}
