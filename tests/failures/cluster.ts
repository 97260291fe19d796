import { fileURLToPath } from 'node:url'
import type { RedisBinary } from '../../tools/redis/binary.ts'
import { RedisProcess } from '../../tools/redis/process.ts'
import { ServerProcess } from '../support/server-process.ts'
import { SECRET, tokenOf } from '../support/tokens.ts'
import type { Carrier } from './carrier.ts'
import { FaultProxy } from './fault-proxy.ts'
import { OwnPostgres } from './postgres.ts'

const PRELOAD = [new URL('./clock.ts', import.meta.url), new URL('./collect.ts', import.meta.url)].map(
  (path) => fileURLToPath(path),
)
const HOURS = 3_600

/** A server, and what stands between it and all others. */
export interface Node {
  readonly server: ServerProcess
  readonly clients: FaultProxy
  readonly postgres: FaultProxy
  readonly redis: FaultProxy
  readonly wsUrl: string
}

export interface ClusterOptions {
  readonly redis: RedisBinary
  /** Two, where it is left out. */
  readonly nodes?: number
  /** One Redis, where it is left out. */
  readonly carrier?: (binary: RedisBinary) => Promise<Carrier>
  /** With one more node, which is never ended: what it takes of memory can be followed. */
  readonly spare?: boolean
  /** What is run instead of server/main.ts: for negative controls. */
  readonly entry?: string
}

/** Servers as one, with a Postgres and a Redis of their own. */
export class Cluster {
  readonly nodes: readonly Node[]
  /** Those that may be ended. */
  readonly mortal: readonly Node[]
  /** The one that is never ended, where one was asked for. */
  readonly spare: Node | undefined
  readonly postgres: OwnPostgres
  readonly redis: Carrier

  private constructor(nodes: readonly Node[], mortal: number, postgres: OwnPostgres, redis: Carrier) {
    this.nodes = nodes
    this.mortal = nodes.slice(0, mortal)
    this.spare = nodes[mortal]
    this.postgres = postgres
    this.redis = redis
  }

  static async start(options: ClusterOptions): Promise<Cluster> {
    const { nodes: mortal = 2, spare = false, entry, carrier = RedisProcess.start } = options
    const [postgres, redis] = await Promise.all([OwnPostgres.start(), carrier(options.redis)])
    const nodes = Array.from({ length: mortal + Number(spare) }, () => startNode({ postgres, redis }, entry))
    return new Cluster(await Promise.all(nodes), mortal, postgres, redis)
  }

  async dispose(): Promise<void> {
    for (const { server, ...proxies } of this.nodes) {
      await server.end('SIGKILL')
      for (const proxy of [proxies.clients, proxies.postgres, proxies.redis]) proxy.close()
    }
    await this.redis.dispose()
    await this.postgres.close()
  }
}

async function startNode(
  { postgres, redis }: Pick<Cluster, 'postgres' | 'redis'>,
  entry: string | undefined,
): Promise<Node> {
  const toPostgres = await FaultProxy.start(postgres.target)
  const alone = redis instanceof RedisProcess
  const toRedis = await FaultProxy.start({ host: '127.0.0.1', port: alone ? redis.port : 0 })
  const server = await ServerProcess.start({
    entry,
    preload: PRELOAD,
    env: () => ({
      DATABASE_URL: postgres.through(toPostgres.port),
      // Those of several name each other, past every proxy.
      REDIS_URL: alone ? `redis://127.0.0.1:${toRedis.port}` : redis.url,
      JWT_SECRET: SECRET,
      STUDIO: 'off',
      LOG_LEVEL: 'info',
      DRAIN_SECONDS: '1',
      CLOCK_JUMP: String(2 * HOURS * 1000),
      // All people here have one address, and come back more often than people do.
      MAX_REQUESTS_PER_ADDRESS: '100000',
      MAX_UNAUTHENTICATED_PER_ADDRESS: '1000',
    }),
  })
  const clients = await FaultProxy.start({ host: '127.0.0.1', port: server.port })
  const wsUrl = `ws://127.0.0.1:${clients.port}/sync`
  return { server, clients, postgres: toPostgres, redis: toRedis, wsUrl }
}

/** Good also where a clock has jumped. */
export const token = (user: string): string =>
  tokenOf(user, {
    grants: { 'doc:*': 'write', 'build:*': 'write' },
    issued: -12 * HOURS,
    expires: 12 * HOURS,
  })
