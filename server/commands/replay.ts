import { randomInt } from 'node:crypto'
import { basename } from 'node:path'
import { SingleBar } from 'cli-progress'
import { DOCUMENT_FIELDS } from '../protocol.ts'
import { type ReplayBuildOptions, replayBuild } from './replay-build.ts'
import { syncUrl, tokenSource } from './replay-target.ts'
import { readTrace, type Trace, type Transaction } from './trace.ts'
import { Turn } from './turn.ts'
import { Typist } from './typist.ts'

interface ReplayProgress {
  readonly typed: number
  readonly acknowledged: number
  readonly total: number
}

export interface ReplayOptions {
  /** Path of a trace, .json or .json.gz. */
  readonly trace: string
  /** The server: `http://127.0.0.1:1234`, or the WebSocket's own address. */
  readonly url: string
  /** An empty room; a new one is made when absent. */
  readonly room?: string
  /** When absent, the server is asked for one, which it gives in development mode. */
  readonly token?: string | (() => string | Promise<string>)
  /** Transactions a second; 0 for as many as the acknowledgements allow. */
  readonly speed?: number
  readonly onProgress?: (progress: ReplayProgress) => void
}

export interface ReplayResult {
  /** The text that a fresh client reads is the trace's, to the letter. */
  readonly ok: boolean
  readonly room: string
  /** Transactions typed and acknowledged. */
  readonly acknowledged: number
  readonly ms: number
  /** Where the text first differs, when it does. */
  readonly differsAt: number | undefined
}

/** Transactions that one client may have on their way. */
const WINDOW = 200

/** Types a recorded session into a server, through one real client a person, and reads it back with a fresh one. */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const trace = await readTrace(options.trace)
  const room = options.room ?? `doc:replay-${traceName(options.trace)}-${Date.now().toString(36)}`
  const turn = new Turn()
  const connection = {
    url: syncUrl(options.url),
    room,
    token: tokenSource(options),
    changed: () => turn.changed(),
    failed: (error: Error) => turn.fail(error),
  }
  // Where two people typed at one spot, Yjs puts the smaller client id first, as the recordings do by agent.
  const firstId = randomInt(2 ** 31)
  const open = (index: number): Typist => new Typist({ ...connection, clientId: firstId + index })
  const typists: Typist[] = []
  try {
    for (let index = 0; index < trace.agents; index += 1) typists.push(open(index))
    await turn.until(() => typists.every((typist) => typist.online))
    if (typists.some((typist) => typist.text !== '')) throw new Error(`Room ${room} is not empty`)
    describe(typists[0], options.trace)
    const started = performance.now()
    await type(trace, typists, turn, options)
    await turn.until(() => typists.every(({ ledger }) => ledger.pending === 0))
    const ms = performance.now() - started
    const reader = open(trace.agents)
    typists.push(reader)
    await turn.until(() => reader.online)
    const differsAt = firstDifference(reader.text, trace.endContent)
    const acknowledged = typists.reduce((sum, { typed }) => sum + typed.length, 0)
    return { ok: differsAt === undefined, room, acknowledged, ms, differsAt }
  } finally {
    for (const typist of typists) typist.destroy()
  }
}

async function type(
  trace: Trace,
  typists: readonly Typist[],
  turn: Turn,
  options: ReplayOptions,
): Promise<void> {
  const { speed = 0, onProgress } = options
  const started = performance.now()
  const total = trace.transactions.length
  const report = (): void => {
    const typed = typists.reduce((sum, typist) => sum + typist.typed.length, 0)
    const pending = typists.reduce((sum, { ledger }) => sum + ledger.pending, 0)
    onProgress?.({ typed, acknowledged: typed - pending, total })
  }
  const typeOwn = async (typist: Typist, agent: number): Promise<void> => {
    for (const [index, transaction] of trace.transactions.entries()) {
      if (transaction.agent !== agent) continue
      if (speed > 0) await turn.pause(started + (index / speed) * 1000 - performance.now())
      await turn.until(() => ready(typist, transaction, typists))
      for (const [other, count] of transaction.seen.entries()) {
        const author = typists[other]
        if (author !== undefined && author !== typist) typist.merge(author, count)
      }
      typist.type(transaction.patches)
      turn.changed()
    }
  }
  const timer = onProgress === undefined ? undefined : setInterval(report, 100)
  try {
    await Promise.all(typists.map(typeOwn))
    await turn.until(() => typists.every(({ ledger }) => ledger.pending === 0))
  } finally {
    clearInterval(timer)
  }
  report()
}

/** Typing waits for the server: while it is away nothing is typed, and so nothing is typed twice. */
const ready = (typist: Typist, { seen }: Transaction, typists: readonly Typist[]): boolean =>
  typist.online &&
  typist.ledger.pending < WINDOW &&
  typists.every((other, index) => other === typist || typist.received(other, seen[index] ?? 0))

/** The room as the studio lists it. */
function describe(typist: Typist | undefined, path: string): void {
  if (typist === undefined) return
  typist.ledger.made()
  typist.replica.transact(() => {
    const meta = typist.replica.getMap(DOCUMENT_FIELDS.meta)
    meta.set('title', traceName(path))
    meta.set('editor', 'code')
  })
}

const traceName = (path: string): string =>
  basename(path)
    .replace(/\.json(\.gz)?$/, '')
    .replace(/[^\w-]+/g, '-')

function firstDifference(text: string, expected: string): number | undefined {
  if (text === expected) return undefined
  for (let at = 0; ; at += 1) if (text[at] !== expected[at]) return at
}

export interface ReplayFlags {
  readonly url: string
  readonly room?: string
  readonly token?: string
  readonly speed?: number
  /** Lines of a build that is generated and published in the place of a recording. */
  readonly build?: string
}

/** `syncline replay`: a progress bar, one line at the end, and exit code 1 where not all came as it was sent. */
export async function replayAction(
  trace: string | undefined,
  { build, ...options }: ReplayFlags,
): Promise<void> {
  const lines = Number(build)
  if (build !== undefined && !(Number.isInteger(lines) && lines > 0))
    throw new Error('--build takes a number of lines')
  if ((trace === undefined) === (build === undefined)) throw new Error('replay takes a recording, or --build')
  if (trace === undefined) await showBuild({ ...options, lines })
  else await showTrace(trace, options)
}

async function showBuild(options: ReplayBuildOptions): Promise<void> {
  const bar = new SingleBar({ format: '{bar} {percentage}% | {value}/{total} events seen', hideCursor: true })
  try {
    const { ok, room, events, drops, ms, fault } = await replayBuild({
      ...options,
      onProgress: ({ seen, total }) => {
        if (!bar.isActive) bar.start(total, 0)
        bar.update(seen)
      },
    })
    bar.stop()
    const rate = Math.round(events / (ms / 1000))
    process.stdout.write(
      `${room}: ${events} events in ${(ms / 1000).toFixed(1)} s (${rate} a second); ` +
        `${ok ? `seen once, in order and whole by who lost the connection ${drops} times` : fault}\n`,
    )
    if (!ok) process.exitCode = 1
  } finally {
    bar.stop()
  }
}

async function showTrace(trace: string, flags: Omit<ReplayOptions, 'trace'>): Promise<void> {
  const bar = new SingleBar({
    format:
      '{bar} {percentage}% | {value}/{total} typed | {acknowledged} acknowledged | {eta_formatted} left',
    hideCursor: true,
  })
  let result: ReplayResult
  try {
    result = await replay({
      ...flags,
      trace,
      onProgress: ({ typed, acknowledged, total }) => {
        if (!bar.isActive) bar.start(total, 0, { acknowledged: 0 })
        bar.update(typed, { acknowledged })
      },
    })
  } finally {
    bar.stop()
  }
  const { ok, room, acknowledged, ms, differsAt } = result
  const rate = Math.round(acknowledged / (ms / 1000))
  process.stdout.write(
    `${room}: ${acknowledged} transactions acknowledged in ${(ms / 1000).toFixed(1)} s (${rate} a second); ` +
      `the text ${ok ? 'is the recorded one to the letter' : `differs from character ${differsAt} on`}\n`,
  )
  if (!ok) process.exitCode = 1
}
