import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../../tools/free-port.ts'
import type { RedisBinary } from '../../tools/redis/binary.ts'
import { RedisProcess } from '../../tools/redis/process.ts'
import { until } from '../support/server-process.ts'

/** What carries messages between nodes: one Redis, or several of which another takes the place of one that dies. */
export interface Carrier {
  /** For REDIS_URL. */
  readonly url: string
  /** Kills the one that counts; resolves when another has taken its place, where one can. */
  kill9(): Promise<void>
  /** Starts again what was killed. */
  restart(): Promise<void>
  /** The same, halted: connections stay open and nothing is answered. */
  pause(): Promise<void> | void
  resume(): void
  dispose(): Promise<void>
}

/** After so long without an answer somebody else is chosen, in ms. */
const DOWN_AFTER = 1_000

/** A master, a replica of it, and a sentinel that has the one take the other's place: struck is who is the master then. */
export async function startSentinel(binary: RedisBinary): Promise<Carrier> {
  const first = await RedisProcess.start(binary)
  const second = await RedisProcess.start(binary, ['--replicaof', '127.0.0.1', `${first.port}`])
  const folder = await mkdtemp(join(tmpdir(), 'syncline-sentinel-'))
  const port = await freePort()
  const sentinel = await startWatching(binary, port, folder, first.port)
  const client = new Redis(port)
  // Until it takes connections.
  client.on('error', () => undefined)
  // Whom it has not heard of yet cannot take a place.
  await until(async () => ((await client.call('sentinel', 'replicas', 'main')) as unknown[]).length === 1)
  const master = async (): Promise<RedisProcess> => {
    const [, at] = (await client.call('sentinel', 'get-master-addr-by-name', 'main')) as string[]
    return Number(at) === second.port ? second : first
  }
  let struck = first
  const strike = async (how: (redis: RedisProcess) => Promise<void> | void): Promise<void> => {
    struck = await master()
    await how(struck)
    await until(async () => (await master()) !== struck)
  }
  return {
    url: `redis+sentinel://127.0.0.1:${port}/main`,
    kill9: () => strike((redis) => redis.kill9()),
    restart: () => struck.restart(),
    pause: () => strike((redis) => redis.pause()),
    resume: () => struck.resume(),
    dispose: async () => {
      client.disconnect()
      const ended = once(sentinel, 'exit')
      sentinel.kill('SIGKILL')
      await ended
      for (const redis of [first, second]) await redis.dispose()
      await rm(folder, { recursive: true })
    },
  }
}

async function startWatching(
  binary: RedisBinary,
  port: number,
  folder: string,
  master: number,
): Promise<ChildProcess> {
  if (binary.kind === 'absent') throw new Error(`no Redis can be run here: ${binary.reason}`)
  const file = join(folder, 'sentinel.conf')
  const settings = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor main 127.0.0.1 ${master} 1`,
    `sentinel down-after-milliseconds main ${DOWN_AFTER}`,
    'sentinel failover-timeout main 3000',
  ]
  await writeFile(file, `${settings.join('\n')}\n`)
  return spawn(binary.command, [file, '--sentinel'], { env: binary.env, stdio: 'ignore', detached: true })
}

const SLOTS = ['0 5460', '5461 10922', '10923 16383'] as const

/** Three masters of a Redis Cluster, which share the slots; each is the one that counts in its turn. */
export async function startRedisCluster(binary: RedisBinary): Promise<Carrier> {
  const folder = await mkdtemp(join(tmpdir(), 'syncline-redis-'))
  const nodes = await RedisProcess.startAll(
    SLOTS.map((_, place) =>
      RedisProcess.start(binary, [
        ...['--cluster-enabled', 'yes', '--cluster-config-file', join(folder, `${place}.conf`)],
        ...['--cluster-node-timeout', String(DOWN_AFTER), '--cluster-announce-ip', '127.0.0.1'],
        // What is published has no slot.
        ...['--cluster-require-full-coverage', 'no'],
      ]),
    ),
  )
  const clients = nodes.map(({ port }) => new Redis(port))
  for (const [place, client] of clients.entries()) {
    await client.call('cluster', 'addslotsrange', ...(SLOTS[place] ?? '').split(' '))
    for (const { port } of nodes) await client.call('cluster', 'meet', '127.0.0.1', port)
  }
  await until(async () => {
    const known = await Promise.all(clients.map((client) => client.call('cluster', 'info')))
    const parts = ['cluster_state:ok', 'cluster_known_nodes:3']
    return known.every((info) => parts.every((part) => String(info).includes(part)))
  })
  for (const client of clients) client.disconnect()
  let turn = 0
  const current = (): RedisProcess => nodes[turn % nodes.length] as RedisProcess
  return {
    url: `redis+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    kill9: () => {
      turn += 1
      return current().kill9()
    },
    restart: () => current().restart(),
    pause: async () => {
      turn += 1
      current().pause()
    },
    resume: () => current().resume(),
    dispose: async () => {
      for (const node of nodes) await node.dispose()
      await rm(folder, { recursive: true })
    },
  }
}
