import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from './files.ts'

/** How large each pool is, as its file has it, and where it stands how many of it a node has. */
const POOLS: Readonly<Record<string, RegExp>> = {
  'storage/database.ts': /^const POOL_SIZE = (\d+)$/m,
  'storage/pulses.ts': /openPool\(url, \{ max: (\d+),/,
  'channels/followers.ts': /^const WORKERS = (\d+)$/m,
  'webhooks/sender.ts': /^const CONNECTIONS = (\d+)$/m,
  'history/restore/node-turns.ts': /^const AT_ONCE = (\d+)$/m,
  'history/workers/worker.ts': /^ {2}max: (\d+),$/m,
}
const WORKER = 'history/workers/worker.ts'
const WORKERS = ['history/workers/worker-pool.ts', /Math\.min\((\d+), availableParallelism/] as const
const LANES = ['log/committer.ts', /^const LANES = (\d+)$/m] as const
/** Of the thread that writes what is sent. */
const WRITER = 1
const LIFE_SIGN = 1

const server = join(ROOT, 'server')
const source = (file: string) => readFile(join(server, file), 'utf8')

async function numberIn(file: string, pattern: RegExp): Promise<number> {
  const [, found] = (await source(file)).match(pattern) ?? []
  if (found === undefined) throw new Error(`${file} has no ${pattern}`)
  return Number(found)
}

/** Files of the server in which this is called. */
export async function callers(call: string): Promise<readonly string[]> {
  const files = globSync('**/*.ts', { cwd: server })
  const called = await Promise.all(files.map(async (file) => (await source(file)).includes(call)))
  return files.filter((_, index) => called[index]).sort()
}

export const COUNTED = Object.keys(POOLS).sort()

/** The connections to Postgres that a node has when all that it may do is being done, on a machine of five cores and more. */
export async function mostConnections(): Promise<number> {
  const workers = (await numberIn(...WORKERS)) + WRITER
  const pools = Object.entries(POOLS).map(
    async ([file, pattern]) => (await numberIn(file, pattern)) * (file === WORKER ? workers : 1),
  )
  const sum = (await Promise.all(pools)).reduce((all, size) => all + size, 0)
  return sum + (await numberIn(...LANES)) + LIFE_SIGN
}
