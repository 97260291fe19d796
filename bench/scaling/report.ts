import { type Measured, readMeasured } from './figures.ts'
import { PLAN } from './plan.ts'
import { type Needs, type Parts, type Placement, simulate } from './simulation.ts'

const PLACEMENTS: readonly Placement[] = ['anywhere', 'by room']

const PARTS: Readonly<Record<keyof Parts, string>> = {
  database: `one Postgres of ${PLAN.databaseCores} processors, half used`,
  databaseConnections: `the ${PLAN.databaseConnections} connections of one Postgres`,
  writeAheadLog: `a write-ahead log of ${PLAN.databaseWalMb} MB/s`,
  redis: 'one Redis, half used',
}

const COSTS: readonly (readonly [keyof Measured, string, string, string])[] = [
  ['memory', 'a connection, idle, in memory', 'KB', '`idle`'],
  ['edit', "an edit on its writer's node", 'µs', '`cluster-shares`'],
  ['relayed', 'an edit on each other node that has the room', 'µs', '`cluster-shares`'],
  ['delivery', 'an edit to each person in the room', 'µs', '`propagation`'],
  ['crowdedDelivery', 'the same in a crowded room', 'µs', '`crowd`'],
  ['postgres', 'an edit in Postgres', 'µs', '`cluster-shares`'],
  ['wal', 'an edit in its write-ahead log', 'bytes', '`cluster-shares`'],
  ['redis', 'an edit in Redis, for each node that is told', 'µs', '`cluster-shares`'],
  ['head', 'an open room on a node, each second, in Postgres', 'µs', '`cluster-shares`'],
  ['postgresConnections', 'a node, in connections to Postgres', '', '`cluster-shares`'],
  ['disk', 'an edit on disk, with its history', 'bytes', '`history-positions`'],
]

/** All that docs/SCALING.md says in numbers. */
export function report(measured: Measured = readMeasured()): string {
  const needs = PLAN.connections.flatMap((connections) =>
    PLACEMENTS.map((placement) => simulate(connections, placement, measured, PLAN)),
  )
  return [
    '**Measured** (bench/RESULTS.md)',
    '',
    table(
      ['what', 'costs', '', 'scenario'],
      COSTS.map(([key, what, unit, scenario]) => [what, number(measured[key]), unit, scenario]),
    ),
    '',
    '**Needed**',
    '',
    table(
      [
        'connections',
        'people go',
        'rooms',
        'edits/s',
        'nodes',
        'because of',
        'nodes a room is on',
        'busiest node',
      ],
      needs.map((each) => [
        count(each.connections),
        each.placement,
        count(each.rooms),
        count(each.edits),
        count(each.nodes),
        each.nodesFor,
        number(each.nodesOfRoom),
        percent(each.busiest),
      ]),
    ),
    '',
    '**Of one of each part** (more than 100 % is more than one can do)',
    '',
    table(
      ['connections', 'people go', ...Object.values(PARTS), 'databases', 'busiest of them'],
      needs.map((each) => [
        count(each.connections),
        each.placement,
        ...partNames.map((part) => percent(each.parts[part])),
        count(each.databases),
        percent(each.busiestDatabase),
      ]),
    ),
    '',
    ...PLACEMENTS.map((placement) => limits(needs.filter((each) => each.placement === placement))),
  ].join('\n')
}

const partNames = Object.keys(PARTS) as (keyof Parts)[]

/** What is full first as connections grow. */
function limits(needs: readonly Needs[]): string {
  const full = partNames
    .map((part) => ({ part, at: fullAt(needs, part) }))
    .filter(({ at }) => at < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.at - b.at)
    .map(({ part, at }) => `${PARTS[part]} at about ${count(Number(at.toPrecision(2)))} connections`)
  return `- People go ${needs[0]?.placement}. Full first: ${full.join('; then ') || 'nothing'}.`
}

/** Between the numbers that were simulated: what grows as a power of them is a straight line of logarithms. */
function fullAt(needs: readonly Needs[], part: keyof Parts): number {
  for (const [index, above] of needs.entries()) {
    const below = needs[index - 1]
    if (above.parts[part] < 1) continue
    if (below === undefined) return above.connections
    const [low, high] = [Math.log(below.parts[part]), Math.log(above.parts[part])]
    return below.connections * (above.connections / below.connections) ** (-low / (high - low))
  }
  return Number.POSITIVE_INFINITY
}

const number = (value: number): string => String(Number(value.toPrecision(3)))
const count = (value: number): string => Math.round(value).toLocaleString('en')
const percent = (share: number): string => `${count(share * 100)} %`

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')

const BEGIN = '<!-- npm run scaling -- --write -->'
const END = '<!-- end -->'

/** The document with the report where its marks are. */
export function written(document: string, text: string): string {
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)]
  if (from === -1 || to < from) throw new Error(`the document has no ${BEGIN} … ${END}`)
  return `${document.slice(0, from)}${BEGIN}\n\n${text}\n\n${document.slice(to)}`
}
