import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import type { Figures, Goal, Scenario } from './bench.ts'
import type { PeerName, Profile } from './peer.ts'

interface Verdict {
  readonly goal: Goal
  readonly value: number
  readonly met: boolean
}

const SUBJECT: PeerName = 'syncline'

function judge(goals: readonly Goal[], measured: ReadonlyMap<PeerName, Figures>): Verdict[] {
  return goals.flatMap((goal) => {
    const own = measured.get(SUBJECT)?.[goal.figure]
    const other = goal.against === undefined ? 1 : measured.get(goal.against)?.[goal.figure]
    if (own === undefined || other === undefined) return []
    const value = own / other
    return [{ goal, value, met: value <= goal.atMost }]
  })
}

/** One scenario's section in Markdown. */
export function section(
  scenario: Scenario,
  command: string,
  measured: ReadonlyMap<PeerName, Figures>,
  disturbance: number,
): string {
  const { title, name, columns, goals } = scenario
  const rows = [...measured].map(([peer, figures]) => [
    peer,
    ...columns.map(({ figure, digits }) => figures[figure]?.toFixed(digits) ?? ''),
  ])
  const table = [
    row(['', ...columns.map((column) => column.title)]),
    row(['---', ...columns.map(() => '---:')]),
    ...rows.map(row),
  ]
  const verdicts = judge(goals, measured).map((verdict) => sentence(scenario, verdict))
  const warning = `Other programs had up to ${(disturbance * 100).toFixed(0)} % of the machine meanwhile.`
  const note = disturbance > 0.1 ? [warning, ''] : []
  const when = `${new Date().toISOString().slice(0, 10)}, at ${commit()}, on ${machine()}: \`${command}\``
  return [`## ${name}: ${title}`, '', when, '', ...table, '', ...note, ...verdicts, ''].join('\n')
}

function sentence({ columns }: Scenario, { goal, value, met }: Verdict): string {
  const title = columns.find(({ figure }) => figure === goal.figure)?.title ?? goal.figure
  const measured = goal.against === undefined ? value.toFixed(1) : `${value.toFixed(2)} × ${goal.against}`
  return `- ${title}: ${measured}; at most ${goal.atMost} is wanted: ${met ? 'met' : '**missed**'}`
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** The report with these sections in the place of earlier ones, in the order of `names`. */
export function merged(
  heading: string,
  names: readonly string[],
  before: string,
  sections: ReadonlyMap<string, string>,
): string {
  const kept = new Map(
    before
      .split(/^(?=## )/m)
      .slice(1)
      .map((text) => [text.slice(3, text.indexOf(':')), text.trimEnd().concat('\n')] as const),
  )
  const all = new Map([...kept, ...sections])
  return [heading, ...names.flatMap((name) => all.get(name) ?? [])].join('\n')
}

function machine(): string {
  const [cpu] = cpus()
  return `${cpus().length} cores of ${cpu?.model ?? 'an unknown processor'}`
}

/** How the figures were measured. */
export function heading(postgres: string): string {
  return [
    '# Measured',
    '',
    `Node ${process.versions.node}, Postgres ${postgres}. Each section says when it was measured, at which commit, and on what.`,
    '',
    'Each peer is a process of its own, and its processor time is that process alone; the clients are the same code for',
    'all, and the database, where there is one, is the same server. Figures are medians over interleaved rounds.',
    'Where a peer has no acknowledgements, the echo of an edit stands for one. `bare` is Hocuspocus that stores nothing,',
    '`stock` Hocuspocus with extension-database, `relay` a `ws` server that forwards bytes,',
    '`socket.io` Socket.IO with one room, which stores nothing.',
    '',
  ].join('\n')
}

function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch {
    // A package without its repository.
    return (
      readFileSync(new URL('../package.json', import.meta.url), 'utf8').match(/"version": "(.*)"/)?.[1] ?? '?'
    )
  }
}

/** Where the processor time went: files, then functions, by their own time; not the profiler's own. */
export function hottest(profile: Profile, count = 20): string {
  const own = new Map<number, number>()
  for (const [index, id] of profile.samples.entries()) {
    own.set(id, (own.get(id) ?? 0) + (profile.timeDeltas[index] ?? 0))
  }
  const files = new Map<string, number>()
  const functions = new Map<string, number>()
  for (const { id, callFrame } of profile.nodes) {
    const { functionName, url, lineNumber } = callFrame
    if (functionName === '(idle)' || url === 'node:inspector') continue
    const time = own.get(id) ?? 0
    const file = url.replace(/^.*\/(?=(node_modules|server|bench)\/)/, '') || '(native)'
    const name = `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`
    files.set(file, (files.get(file) ?? 0) + time)
    functions.set(name, (functions.get(name) ?? 0) + time)
  }
  return [...shares(files, count), '', ...shares(functions, count)].join('\n')
}

function shares(times: ReadonlyMap<string, number>, count: number): string[] {
  const busy = [...times.values()].reduce((sum, time) => sum + time, 0)
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([name, time]) => `${((time / busy) * 100).toFixed(1).padStart(6)} %  ${name}`)
}
