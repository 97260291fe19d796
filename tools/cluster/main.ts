import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { signToken } from '../../server/access/token.ts'
import { createLogger } from '../../server/observe/log.ts'
import { startEmbedded } from '../../server/storage/embedded.ts'
import { findRedis } from '../redis/binary.ts'
import { RedisProcess } from '../redis/process.ts'
import { Cluster } from './cluster.ts'

const print = (line: string) => process.stdout.write(`${line}\n`)
const DAY = 86_400
const ONCE_MS = 1_000

/** Postgres and Redis come from the environment, or are started here; what was started is stopped in the other order. */
async function main(): Promise<void> {
  const { env } = process
  const started: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const end of started.splice(0).toReversed()) await end()
  }
  try {
    let databaseUrl = env.DATABASE_URL
    if (!databaseUrl) {
      const postgres = await startEmbedded(resolve(env.DATA_DIR || './data'), createLogger('warn'))
      started.push(() => postgres.close())
      databaseUrl = postgres.url
    }
    let redisUrl = env.REDIS_URL
    if (!redisUrl) {
      const redis = await RedisProcess.start(await findRedis())
      started.push(() => redis.stop())
      redisUrl = redis.url
    }
    const secret = env.JWT_SECRET || randomBytes(48).toString('base64')
    const port = Number(env.PORT || 1234)
    const quiet = { LOG_LEVEL: env.LOG_LEVEL || 'warn' }
    const cluster = await Cluster.start({ databaseUrl, redisUrl, secret, port, env: quiet, log: print })
    started.push(async () => {
      if (!(await cluster.stop())) process.exitCode = 1
    })
    const user = { id: 'ada', name: 'Ada' }
    const token = signToken(secret, { user, grants: { '*:*': 'admin' } }, DAY)
    print(`Postgres      ${env.DATABASE_URL ? 'DATABASE_URL' : databaseUrl}`)
    print(`Redis         ${env.REDIS_URL ? 'REDIS_URL' : redisUrl}`)
    for (const { url } of cluster.nodes) print(`a node        ${url}`)
    print(`a token       ${token}`)
    print(`Syncline is ready on ${cluster.url}; Ctrl-C stops all`)
    let asked: number | undefined
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        // Ctrl-C comes twice under npm: from the terminal, and passed on.
        if (asked !== undefined && Date.now() - asked > ONCE_MS) process.exit(1)
        if (asked !== undefined) return
        asked = Date.now()
        print('stopping')
        stop().then(
          () => process.exit(),
          (error: unknown) => fail(error),
        )
      })
    }
  } catch (error) {
    await stop()
    fail(error)
  }
}

function fail(error: unknown): never {
  process.stderr.write(`cluster: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}

await main()
