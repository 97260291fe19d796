import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, onTestFinished } from 'vitest'
import { runningPostgres } from '../../server/storage/cluster.ts'
import { startEmbedded } from '../../server/storage/embedded.ts'
import { endOf } from '../../tools/ended.ts'

/** A data folder of the test's own, gone with the test. */
export async function dataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'syncline-storage-'))
  // A Postgres whose server was killed may still be writing its last checkpoint.
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 20 }))
  return folder
}

/** One fsync of a few bytes on a disk that nobody else floods takes this long at most, in ms. */
const CALM_FSYNC = 50

/** Fsyncs a few bytes again and again, until `stalled` says how long the disk kept everybody waiting, in ms. */
export function watchDisk(folder: string): { stalled(): Promise<number> } {
  let watching = true
  const watch = async () => {
    const file = await open(join(folder, 'probe'), 'w')
    let stalled = 0
    while (watching) {
      const before = performance.now()
      await file.write('x')
      await file.sync()
      stalled += Math.max(0, performance.now() - before - CALM_FSYNC)
      await setTimeout(10)
    }
    await file.close()
    return stalled
  }
  const watched = watch()
  return {
    stalled: () => {
      watching = false
      return watched
    },
  }
}

let template: Promise<string> | undefined

/** A data folder on which a server has been, which starts in a tenth of the time. */
export async function usedDataFolder(): Promise<string> {
  template ??= makeTemplate()
  const folder = await dataFolder()
  await cp(await template, folder, { recursive: true })
  return folder
}

async function makeTemplate(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'syncline-storage-'))
  const postgres = await startEmbedded(folder, pino({ level: 'silent' }))
  await postgres.close()
  return folder
}

afterAll(async () => {
  if (template !== undefined) await rm(await template, { recursive: true, force: true })
})

export interface ServerProcess {
  readonly process: ChildProcess
  /** Its first line: the address of its Postgres, or why there is none; nothing where it was killed before. */
  readonly said: Promise<string>
  kill(signal: NodeJS.Signals): Promise<void>
}

/** server-process.ts on a folder; killed at the end of the test at the latest. */
export function spawnServer(dataDir: string): ServerProcess {
  const script = fileURLToPath(new URL('server-process.ts', import.meta.url))
  const child = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const kill = async (signal: NodeJS.Signals) => {
    if (endOf(child) === undefined) child.kill(signal)
    await ended
  }
  onTestFinished(() => kill('SIGKILL'))
  return { process: child, said: text(child.stdout, '\n'), kill }
}

/** Until `end`, or all where it does not come. */
async function text(stream: Readable, end: string): Promise<string> {
  let all = ''
  for await (const chunk of stream) {
    all += chunk
    if (all.includes(end)) break
  }
  return all.slice(0, all.indexOf(end))
}

/** A server that has started, or said why not. */
export async function serverProcess(
  dataDir: string,
): Promise<Omit<ServerProcess, 'said'> & { said: string }> {
  const server = spawnServer(dataDir)
  return { ...server, said: await server.said }
}

export async function query<Row extends pg.QueryResultRow>(url: string, statement: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 })
  try {
    await client.connect()
    return (await client.query<Row>(statement)).rows
  } finally {
    await client.end()
  }
}

/** The process number of the Postgres on a data folder, which must be running. */
export async function postmasterOf(dataDir: string): Promise<number> {
  const pid = await runningPostgres(join(dataDir, 'postgres'))
  if (pid === undefined) throw new Error(`No Postgres runs on ${dataDir}`)
  return pid
}

export async function parentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1])
}

export async function childrenOf(pid: number): Promise<number[]> {
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return list.split(' ').filter(Boolean).map(Number)
}
