import type { Client, Room } from '../../sdk/index.ts'

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
export async function publishSample(client: Client, id: string): Promise<void> {
  await within(client, `build:${id}`, publishBuild)
  await within(client, `deployment:${id}`, (room) => publishDeployment(room, id))
}

async function within(client: Client, name: string, publish: (room: Room) => Promise<void>): Promise<void> {
  const room = client.room(name, { offline: false })
  try {
    await publish(room)
  } finally {
    room.release()
  }
}

async function publishBuild(room: Room): Promise<void> {
  await room.publish('build.created', {
    title: 'Sample build',
    ref: 'main',
    revision: '4f2a91c0ffee',
    steps: STEPS.map(({ id, title }) => ({ id, title })),
  })
  await room.publish('build.queued', { position: 1 })
  await pause(PAUSE_MS * 2)
  await room.publish('build.started', { worker: 'this browser' })
  let written = 0
  for (const step of STEPS) {
    const begun = written
    const until = written + LINES * step.share
    const progress = (state: 'running' | 'done', message: string) =>
      room.publish('build.progress', { share: written / LINES, step: step.id, state, message })
    while (written < until) {
      await progress('running', `${step.title}: ${written - begun} of ${until - begun}`)
      await publishLines(room, step, written)
      written += LINES_AT_ONCE
      await pause(PAUSE_MS)
    }
    await progress('done', `${step.title}: done`)
  }
  await room.publish('build.completed', {
    warnings: 5,
    artifacts: [
      { name: 'studio.tar.gz', bytes: 4_213_000 },
      { name: 'report.json', bytes: 18_420 },
    ],
  })
}

/** The lines of one batch, now and then with a warning among them. */
async function publishLines(room: Room, step: SampleStep, written: number): Promise<void> {
  const lines = Array.from({ length: LINES_AT_ONCE }, (_, index) => step.line(written + index + 1))
  const warns = written % 1_000 === 700
  if (warns) lines.pop()
  await room.publish('build.log', { first: written + 1, lines, stream: 'stdout', step: step.id })
  if (!warns) return
  const warning = 'warning: this option is going to be removed'
  await room.publish('build.log', {
    first: written + LINES_AT_ONCE,
    lines: [warning],
    stream: 'stderr',
    step: step.id,
  })
}

async function publishDeployment(room: Room, build: string): Promise<void> {
  await room.publish('deployment.started', { environment: 'staging', build, version: '2.4.0' })
  for (const [share, message] of [
    [0.2, 'Uploading'],
    [0.6, 'Switching over'],
    [0.9, 'Checking its health'],
  ] as const) {
    await pause(PAUSE_MS * 3)
    await room.publish('deployment.progress', { share, message })
  }
  await room.publish('deployment.completed', {})
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
