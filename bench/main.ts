import { readFile, writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Bench, type Scenario, Skipped } from './bench.ts'
import { PEERS, type PeerName } from './peer.ts'
import { startPostgres } from './postgres.ts'
import { heading, hottest, merged, section } from './report.ts'
import { acknowledgement } from './scenarios/acknowledgement.ts'
import { analytics } from './scenarios/analytics.ts'
import { check } from './scenarios/check.ts'
import { active } from './scenarios/cluster/active.ts'
import { edit } from './scenarios/cluster/edit.ts'
import { outage } from './scenarios/cluster/outage.ts'
import { comeBack } from './scenarios/cluster/return.ts'
import { nodeRooms } from './scenarios/cluster/rooms.ts'
import { shares } from './scenarios/cluster/shares.ts'
import { crowd } from './scenarios/crowd.ts'
import { fallback } from './scenarios/events/fallback.ts'
import { fanOut } from './scenarios/events/fan-out.ts'
import { publish } from './scenarios/events/publish.ts'
import { resume } from './scenarios/events/resume.ts'
import { storm } from './scenarios/events/storm.ts'
import { editing } from './scenarios/history/editing.ts'
import { positions } from './scenarios/history/positions.ts'
import { floods } from './scenarios/hostile-floods.ts'
import { revocation } from './scenarios/hostile-revocation.ts'
import { siege } from './scenarios/hostile-siege.ts'
import { idle, idleMany } from './scenarios/idle.ts'
import { kill } from './scenarios/kill.ts'
import { open } from './scenarios/open.ts'
import { activity } from './scenarios/people/activity.ts'
import { carets } from './scenarios/people/carets.ts'
import { comments } from './scenarios/people/comments.ts'
import { messages } from './scenarios/people/messages.ts'
import { notifications } from './scenarios/people/notifications.ts'
import { propagation } from './scenarios/propagation.ts'
import { rooms } from './scenarios/rooms.ts'
import { segments } from './scenarios/segments.ts'
import { start } from './scenarios/start.ts'

/** Asked for one by one, or as `history`; `positions` last, since it thins the room that both read. */
const HISTORY: readonly Scenario[] = [editing, positions]
const SCENARIOS: readonly Scenario[] = [
  propagation,
  rooms,
  acknowledgement,
  crowd,
  open,
  segments,
  ...HISTORY,
  idle,
  kill,
  start,
]
/** Asked for by name only, one by one or as `hostile`. */
const HOSTILE: readonly Scenario[] = [siege, floods, check, revocation]
/** Asked for one by one, or as `events`. */
const EVENTS: readonly Scenario[] = [publish, fanOut, storm, resume, fallback]
/** Asked for one by one, or as `people`. */
const PEOPLE: readonly Scenario[] = [carets, activity, comments, messages, notifications]
/** Asked for by its name, or as `operations`. */
const OPERATIONS: readonly Scenario[] = [analytics]
/** Asked for one by one, or as `cluster`. */
const CLUSTER: readonly Scenario[] = [edit, nodeRooms, shares, active, outage, comeBack, idleMany]
const ALL: readonly Scenario[] = [...SCENARIOS, ...HOSTILE, ...EVENTS, ...PEOPLE, ...OPERATIONS, ...CLUSTER]
const GROUPS: Readonly<Record<string, readonly Scenario[]>> = {
  hostile: HOSTILE,
  history: HISTORY,
  events: EVENTS,
  people: PEOPLE,
  operations: OPERATIONS,
  cluster: CLUSTER,
  all: ALL,
}
const RESULTS = fileURLToPath(new URL('./RESULTS.md', import.meta.url))

const USAGE = `npm run bench -- [options] [scenario ...]

  --quick          short runs, one round
  --trace PATH     the recording that open, segments, check, history, people-comments and cluster-edit need
  --peers A,B      only these of ${PEERS.join(', ')}
  --profile        print where each peer's processor time went
  --write          write what was measured into bench/RESULTS.md (always done when all scenarios run in full)

Scenarios: ${SCENARIOS.map(({ name }) => name).join(', ')};
history is ${HISTORY.map(({ name }) => name).join(', ')}; beside them hostile, which is ${HOSTILE.map(({ name }) => name).join(', ')};
events, which is ${EVENTS.map(({ name }) => name).join(', ')};
people, which is ${PEOPLE.map(({ name }) => name).join(', ')};
operations, which is ${OPERATIONS.map(({ name }) => name).join(', ')};
and cluster, which is ${CLUSTER.map(({ name }) => name).join(', ')}; all is every one of them
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    trace: { type: 'string' },
    peers: { type: 'string', default: PEERS.join(',') },
    profile: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

async function main(): Promise<void> {
  const wanted = new Set(
    positionals.flatMap((name) => GROUPS[name]?.map((scenario) => scenario.name) ?? [name]),
  )
  const unknown = [...wanted].filter((name) => !ALL.some((scenario) => scenario.name === name))
  if (values.help || unknown.length > 0) return say(USAGE)
  const chosen = positionals.length === 0 ? SCENARIOS : ALL.filter(({ name }) => wanted.has(name))
  const peers: readonly PeerName[] = PEERS.filter((peer) => values.peers.split(',').includes(peer))
  const postgres = await startPostgres()
  // The recording's name says which it was; where it lay is nobody's concern.
  const words = process.argv.slice(2).map((word) => (word === values.trace ? basename(word) : word))
  const command = `npm run bench -- ${words.join(' ')}`.trim()
  const whole = chosen === SCENARIOS && peers.length === PEERS.length && !values.quick
  let failed = false
  try {
    for (const scenario of chosen) {
      say(`${scenario.name}: ${scenario.title}`)
      const bench = new Bench({ ...values, trace: values.trace, peers, postgres, log: say })
      const started = performance.now()
      try {
        const text = section(scenario, command, await scenario.run(bench), bench.disturbance)
        if (values.write || whole) await write(postgres.version, scenario, text)
        say(`\n${text}(${((performance.now() - started) / 1000).toFixed(0)} s)\n`)
      } catch (error) {
        // The others are worth their hours all the same.
        if (!(error instanceof Skipped)) failed = true
        const said = error instanceof Error ? error : new Error(String(error))
        say(`  ${error instanceof Skipped ? `skipped: ${said.message}` : said.stack}\n`)
      }
      for (const [peer, profile] of bench.profiles) say(`${peer}\n${hottest(profile)}\n`)
    }
  } finally {
    await postgres.close()
  }
  if (failed) process.exitCode = 1
}

/** After each scenario: the others take their hour, and may be broken off. */
async function write(postgres: string, scenario: Scenario, text: string): Promise<void> {
  const before = await readFile(RESULTS, 'utf8')
  const names = ALL.map(({ name }) => name)
  await writeFile(RESULTS, merged(heading(postgres), names, before, new Map([[scenario.name, text]])))
}

await main()
