import { windowFor } from '../../server/realtime/flush-window.ts'
import type { Measured } from './figures.ts'
import type { Plan } from './plan.ts'

/** Whether a load balancer brings a room's people together, or anybody anywhere. */
export type Placement = 'anywhere' | 'by room'

/** What so many connections need. */
export interface Needs {
  readonly connections: number
  readonly placement: Placement
  readonly rooms: number
  readonly edits: number
  readonly nodes: number
  /** What made it so many. */
  readonly nodesFor: 'processor' | 'memory'
  /** How many nodes a room is open on, on average over people. */
  readonly nodesOfRoom: number
  /** The processor of the busiest node, as a share of one. */
  readonly busiest: number
  /** Of single parts, in units of what one of them has: more than 1 is more than one of them can do. */
  readonly parts: Parts
  /** Databases, with the rooms spread by their ids. */
  readonly databases: number
  /** The processor of the busiest of them, as a share of all that it may use. */
  readonly busiestDatabase: number
}

export interface Parts {
  readonly database: number
  readonly databaseConnections: number
  readonly writeAheadLog: number
  readonly redis: number
}

interface Room {
  readonly people: number
  /** In a second. */
  readonly edits: number
  /** Of one edit to one person, in µs. */
  readonly delivery: number
}

/**
 * Puts every person and every room somewhere and counts what each part has to do. The number of nodes is found by trying: more
 * nodes open a room on more of them, which is more work.
 */
export function simulate(connections: number, placement: Placement, measured: Measured, plan: Plan): Needs {
  const rooms = roomsOf(connections, measured, plan)
  const memory = Math.ceil(
    (connections * measured.memory) / (plan.nodeMemoryGb * plan.memoryForConnections * 1024 * 1024),
  )
  let nodes = memory
  let placed = place(rooms, nodes, placement, measured)
  for (;;) {
    const wanted = Math.max(memory, Math.ceil(placed.work / plan.utilisation))
    if (wanted <= nodes) break
    nodes = wanted
    placed = place(rooms, nodes, placement, measured)
  }
  const edits = rooms.reduce((sum, room) => sum + room.edits, 0)
  const inPostgres = (room: Room, opened: number) =>
    (room.edits * measured.postgres + opened * measured.head) / 1e6
  const database = rooms.reduce((sum, room, index) => sum + inPostgres(room, placed.opened[index] ?? 1), 0)
  const parts: Parts = {
    database: database / (plan.databaseCores * plan.utilisation),
    databaseConnections: (nodes * measured.postgresConnections) / plan.databaseConnections,
    writeAheadLog: (edits * measured.wal) / (plan.databaseWalMb * 1e6),
    redis: (placed.messages * measured.redis) / 1e6 / plan.utilisation,
  }
  // Each database has its own part of the rooms, and of every node's connections.
  const databases = Math.ceil(Math.max(parts.database, parts.writeAheadLog))
  const shards = new Float64Array(databases)
  for (const [index, room] of rooms.entries()) {
    const shard = hash(index, 2) % databases
    shards[shard] = (shards[shard] ?? 0) + inPostgres(room, placed.opened[index] ?? 1)
  }
  return {
    connections,
    placement,
    rooms: rooms.length,
    edits,
    nodes,
    nodesFor: nodes === memory ? 'memory' : 'processor',
    nodesOfRoom: placed.nodesOfRoom,
    busiest: placed.busiest,
    parts,
    databases,
    busiestDatabase: Math.max(...shards) / (plan.databaseCores * plan.utilisation),
  }
}

/** Rooms of all sizes until everybody has one. */
function roomsOf(connections: number, measured: Measured, plan: Plan): readonly Room[] {
  const mean = plan.rooms.reduce((sum, { people, share }) => sum + (people * share) / 100, 0)
  return plan.rooms.flatMap(({ people, share }) => {
    const count = Math.round(((connections / mean) * share) / 100)
    const edits = people * plan.typing * plan.rate
    const delivery = windowFor(edits * people) > 0 ? measured.crowdedDelivery : measured.delivery
    return Array.from({ length: count }, (): Room => ({ people, edits, delivery }))
  })
}

interface Placed {
  /** Of all nodes, in processors, and of the busiest. */
  readonly work: number
  readonly busiest: number
  readonly nodesOfRoom: number
  /** By room: on how many nodes it is open. */
  readonly opened: Uint16Array
  /** From node to node through Redis, in a second. A node that nobody else listens to says nothing. */
  readonly messages: number
}

function place(rooms: readonly Room[], nodes: number, placement: Placement, measured: Measured): Placed {
  const work = new Float64Array(nodes)
  const opened = new Uint16Array(rooms.length)
  const here = new Uint16Array(nodes)
  let messages = 0
  let seen = 0
  let people = 0
  for (const [index, room] of rooms.entries()) {
    const own: number[] = []
    for (let person = 0; person < room.people; person += 1) {
      const node = hash(index, placement === 'by room' ? 0 : person + 3) % nodes
      if (here[node] === 0) own.push(node)
      here[node] = (here[node] ?? 0) + 1
    }
    for (const node of own) {
      const there = here[node] ?? 0
      // Whoever is here types his part of the edits, and is told of all but his own.
      const typed = (room.edits * there) / room.people
      const told = (room.edits * there * (room.people - 1)) / room.people
      work[node] =
        (work[node] ?? 0) +
        (typed * measured.edit + (room.edits - typed) * measured.relayed + told * room.delivery) / 1e6
      here[node] = 0
    }
    opened[index] = own.length
    messages += room.edits * (own.length - 1)
    seen += own.length * room.people
    people += room.people
  }
  return {
    work: work.reduce((sum, each) => sum + each, 0),
    busiest: Math.max(...work),
    nodesOfRoom: seen / people,
    opened,
    messages,
  }
}

/** As good as chance, and the same at every run. */
function hash(a: number, b: number): number {
  let x = Math.imul(a + 1, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d)
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b)
  return (x ^ (x >>> 16)) >>> 0
}
