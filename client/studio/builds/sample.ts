import type { EventDraft } from '../../sdk/index.ts'
import type { TokenSource } from '../api.ts'
import { publish } from './api.ts'

const LINES = 5_000
const LINES_AT_ONCE = 100
/** Between two batches of lines, in ms: the whole takes about half a minute. */
const PAUSE_MS = 400

interface SampleStep {
  readonly id: string
  readonly title: string
  /** Of all lines. */
  readonly share: number
  readonly line: (number: number) => string
}

const GREEN = '\u001b[32m'
const YELLOW = '\u001b[33m'
const PLAIN = '\u001b[0m'

const STEPS: readonly SampleStep[] = [
  {
    id: 'install',
    title: 'Install',
    share: 0.1,
    line: (n) => `added package-${n}@${n % 7}.${n % 10}.${n % 4}`,
  },
  { id: 'lint', title: 'Lint', share: 0.1, line: (n) => `src/part-${n % 90}/file-${n}.ts: nothing to say` },
  {
    id: 'compile',
    title: 'Compile',
    share: 0.3,
    line: (n) =>
      `[${String(n % 600).padStart(3)}/600] src/part-${n % 90}/file-${n}.ts → dist/part-${n % 90}/file-${n}.js`,
  },
  {
    id: 'test',
    title: 'Test',
    share: 0.4,
    line: (n) =>
      n % 40 === 0
        ? `${YELLOW}slow${PLAIN} the parser takes a document of ${n} lines (1${n % 10}4 ms)`
        : `${GREEN}✓${PLAIN} the parser takes case ${n} (${n % 9} ms)`,
  },
  {
    id: 'package',
    title: 'Package',
    share: 0.1,
    line: (n) => `dist/part-${n % 90}.js  ${(n % 300) + 12} kB`,
  },
]

/**
 * A build as a build server would publish it, and its deployment, so that a newcomer sees the page alive. It goes on
 * while this tab is open.
 */
export async function publishSample(token: TokenSource, id: string): Promise<void> {
  const say = (events: readonly EventDraft[]) => publish(token, `build:${id}`, events)
  await say([
    draft('created', {
      title: 'Sample build',
      ref: 'main',
      revision: '4f2a91c0ffee',
      steps: STEPS.map(({ id: step, title }) => ({ id: step, title })),
    }),
    draft('queued', { position: 1 }),
  ])
  await pause(PAUSE_MS * 2)
  await say([draft('started', { worker: 'this browser' })])
  let written = 0
  for (const step of STEPS) {
    const until = written + LINES * step.share
    const begun = written
    while (written < until) {
      await say([
        draft('progress', {
          share: written / LINES,
          step: step.id,
          state: 'running',
          message: `${step.title}: ${written - begun} of ${until - begun}`,
        }),
        ...linesOf(step, written),
      ])
      written += LINES_AT_ONCE
      await pause(PAUSE_MS)
    }
    await say([
      draft('progress', {
        share: written / LINES,
        step: step.id,
        state: 'done',
        message: `${step.title}: done`,
      }),
    ])
  }
  await say([
    draft('completed', {
      warnings: 2,
      artifacts: [
        { name: 'studio.tar.gz', bytes: 4_213_000 },
        { name: 'report.json', bytes: 18_420 },
      ],
    }),
  ])
  await publishDeployment(token, id)
}

async function publishDeployment(token: TokenSource, build: string): Promise<void> {
  const say = (event: string, payload: unknown) =>
    publish(token, `deployment:${build}`, [draft(event, payload, 'deployment')])
  await say('started', { environment: 'staging', build, version: '2.4.0' })
  for (const [share, message] of [
    [0.2, 'Uploading'],
    [0.6, 'Switching over'],
    [0.9, 'Checking its health'],
  ] as const) {
    await pause(PAUSE_MS * 3)
    await say('progress', { share, message })
  }
  await say('completed', {})
}

/** The lines of one batch, now and then with a warning among them. */
function linesOf(step: SampleStep, written: number): readonly EventDraft[] {
  const lines = Array.from({ length: LINES_AT_ONCE }, (_, index) => step.line(written + index + 1))
  const warned = written % 1_000 === 700
  const usual = warned ? lines.slice(0, -1) : lines
  const log = draft('log', { first: written + 1, lines: usual, step: step.id })
  if (!warned) return [log]
  const warning = {
    first: written + LINES_AT_ONCE,
    lines: ['warning: this option is going to be removed'],
    stream: 'stderr',
    step: step.id,
  }
  return [log, draft('log', warning)]
}

const draft = (event: string, payload: unknown, kind = 'build'): EventDraft => ({
  type: `${kind}.${event}`,
  id: crypto.randomUUID(),
  payload,
})

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
