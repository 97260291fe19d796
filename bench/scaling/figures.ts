import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const RESULTS = fileURLToPath(new URL('../RESULTS.md', import.meta.url))

/** What was measured, of bench/RESULTS.md: times in µs of one processor. */
export interface Measured {
  /** An edit on the node of whoever types it: applied, committed, acknowledged, told to the other nodes. */
  readonly edit: number
  /** The same edit on another node that has the room open. */
  readonly relayed: number
  /** An edit to one person. */
  readonly delivery: number
  /** The same in a crowded room, where what several type goes out together. */
  readonly crowdedDelivery: number
  /** An edit in Postgres, in Redis, and in the write-ahead log in bytes. */
  readonly postgres: number
  readonly redis: number
  readonly wal: number
  /** What each node asks Postgres for, once a second, of each open room. */
  readonly head: number
  readonly postgresConnections: number
  /** An idle connection, with its part of the room, in KB. */
  readonly memory: number
  /** An edit on disk, years later, in bytes. */
  readonly disk: number
}

/** People in the room of `crowd`, and the edits of each in a second. */
const CROWD = { people: 200, rate: 2 }

export function readMeasured(text = readFileSync(RESULTS, 'utf8')): Measured {
  const of = (scenario: string, column: string): number => cell(text, scenario, column)
  const { people, rate } = CROWD
  const delivery = of('propagation', 'cpu per delivery, µs')
  return {
    // Each has one reader.
    edit: of('cluster-shares', "the writer's node, µs") - delivery,
    relayed: of('cluster-shares', 'another node with the room, µs') - delivery,
    delivery,
    crowdedDelivery: (of('crowd', 'cpu, % of a core') * 10_000) / (people * rate * (people - 1)),
    postgres: of('cluster-shares', 'Postgres, µs'),
    redis: of('cluster-shares', 'Redis, µs'),
    wal: of('cluster-shares', 'write-ahead log, bytes'),
    head: of('cluster-shares', 'a head read by the watch, µs'),
    postgresConnections: of('cluster-shares', "a node's connections to Postgres"),
    memory: of('idle', 'resident KB per connection'),
    disk: of('history-positions', 'bytes an edit, log and history'),
  }
}

/** Of Syncline's row. */
function cell(text: string, scenario: string, column: string): number {
  const section = text.split(/^## /m).find((part) => part.startsWith(`${scenario}:`)) ?? ''
  const rows = [...section.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) => row.split(' | '))
  const index = rows[0]?.indexOf(column) ?? -1
  const value = Number(rows.find(([peer]) => peer === 'syncline')?.[index])
  if (index < 1 || !Number.isFinite(value)) throw new Error(`RESULTS.md has no "${column}" of ${scenario}`)
  return value
}
