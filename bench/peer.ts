import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import jwt from 'jsonwebtoken'
import { type Grants, SYNC_PATH, TOKEN_AUDIENCE } from '../server/protocol.ts'
import { endOf } from '../tools/ended.ts'
import { NODE_FLAGS } from '../tools/node-flags.ts'
import type { Postgres } from './postgres.ts'

/** Those that people write documents on; Socket.IO knows none, and stands beside us where events are measured. */
export const DOCUMENT_PEERS = ['bare', 'stock', 'y-websocket', 'relay', 'syncline'] as const
export const PEERS = [...DOCUMENT_PEERS, 'socket.io'] as const
export type PeerName = (typeof PEERS)[number]

/** What a client says to a peer. */
export type Dialect = 'hocuspocus' | 'y-websocket' | 'relay' | 'socket.io'

export interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** A server under measurement, in a process of its own. */
export interface Peer {
  readonly name: PeerName
  readonly dialect: Dialect
  /** Of somebody who may write everywhere, and is held to the limits. */
  readonly token: string
  signToken(user: string, grants: Grants): string
  readonly address: string
  /** Processor time of the server's process since its start, in ms. */
  cpu(): number
  /** After a full garbage collection, in bytes. */
  memory(): Promise<NodeJS.MemoryUsage>
  startProfile(): Promise<void>
  stopProfile(): Promise<Profile>
  /** kill -9. */
  kill(): Promise<void>
}

export const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

const SECRET = randomBytes(48).toString('base64')

const PROGRAMS: Readonly<Record<PeerName, string>> = {
  bare: file('./peers/bare.ts'),
  stock: file('./peers/stock.ts'),
  'y-websocket': join(
    dirname(fileURLToPath(import.meta.resolve('y-websocket/package.json'))),
    'bin',
    'server.cjs',
  ),
  relay: file('./peers/relay.ts'),
  'socket.io': file('./peers/socket-io.ts'),
  syncline: file('../server/main.ts'),
}

const DIALECTS: Readonly<Partial<Record<PeerName, Dialect>>> = {
  'y-websocket': 'y-websocket',
  relay: 'relay',
  'socket.io': 'socket.io',
}

/** A benchmark is thousands of people in one: what they may do is counted as ever, and never reached. */
const UNLIMITED = {
  MAX_SOCKETS_PER_USER: '1000000',
  MAX_SOCKETS_PER_ADDRESS: '1000000',
  MAX_UNAUTHENTICATED: '1000000',
  MAX_UNAUTHENTICATED_PER_ADDRESS: '1000000',
  MAX_REQUESTS_PER_ADDRESS: '1000000',
  MESSAGES_PER_SECOND: '1000000',
  BYTES_PER_SECOND: String(1024 * 1024 * 1024),
  APPLY_MS_PER_SECOND: '1000',
}

const STARTS_WITHIN = 15_000

export interface PeerOptions {
  /** With the limits as they are by default: what is measured is one person, and what they are allowed. */
  readonly limited?: boolean
  /** Another program in the peer's place. */
  readonly program?: string
  /** Another database than the peer's own. */
  readonly database?: string
  /** The Redis that it shares with other nodes. */
  readonly redis?: string
  /** The port that it listens on; a free one where it is left out. */
  readonly port?: number
}

export async function startPeer(
  name: PeerName,
  postgres: Postgres,
  { limited = false, program = PROGRAMS[name], database = name, redis, port: wanted }: PeerOptions = {},
): Promise<Peer> {
  const port = wanted ?? (await freePort())
  const stores = name === 'stock' || name === 'syncline'
  const env = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    PORT: String(port),
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    ...(redis !== undefined && { REDIS_URL: redis }),
    ...(stores && { DATABASE_URL: await postgres.url(database) }),
    ...(name === 'syncline' && { JWT_SECRET: SECRET, STUDIO: 'off', ...(!limited && UNLIMITED) }),
  }
  const flags = [
    ...(name === 'syncline' ? NODE_FLAGS : []),
    '--expose-gc',
    '--import',
    file('./peers/probe.ts'),
  ]
  const child = spawn(process.execPath, [...flags, program], {
    env,
    // Of hostile input the others write a stack for each message: 480 MB in one run.
    stdio: ['ignore', 'ignore', name === 'syncline' ? 'inherit' : 'ignore', 'ipc'],
  })
  await ready(child, `http://127.0.0.1:${port}${name === 'syncline' ? '/health/ready' : '/'}`)
  const { pid = 0 } = child
  return {
    name,
    dialect: DIALECTS[name] ?? 'hocuspocus',
    token: signToken('bench', { '*:*': 'write' }),
    signToken,
    address: `ws://127.0.0.1:${port}${name === 'syncline' ? SYNC_PATH : ''}`,
    cpu: () => cpuOf(pid),
    memory: async () => (await ask(child, 'memory')) as NodeJS.MemoryUsage,
    startProfile: async () => {
      await ask(child, 'profile-start')
    },
    stopProfile: async () => (await ask(child, 'profile-stop')) as Profile,
    kill: async () => {
      if (endOf(child) !== undefined) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

const signToken = (user: string, grants: Grants): string =>
  jwt.sign({ name: user, grants }, SECRET, {
    algorithm: 'HS256',
    subject: user,
    audience: TOKEN_AUDIENCE,
    expiresIn: '1h',
  })

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No port')
  return address.port
}

/** Until the address answers 200; its process must live. */
export async function ready(child: ChildProcess, url: string, within = STARTS_WITHIN): Promise<void> {
  const deadline = performance.now() + within
  while (performance.now() < deadline) {
    const ended = endOf(child)
    if (ended !== undefined) throw new Error(`${child.spawnargs.at(-1)} ended with ${ended}`)
    const answer = await fetch(url).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.ok) return
    await pause(10)
  }
  throw new Error(`${url} was not ready within ${within} ms`)
}

async function ask(child: ChildProcess, question: string): Promise<unknown> {
  const answered = once(child, 'message')
  child.send(question)
  const [answer] = await answered
  return answer
}

/** Processor time since its start, in ms: from the scheduler's own count of nanoseconds, over all threads. */
export function cpuOf(pid: number): number {
  const tasks = `/proc/${pid}/task`
  let nanoseconds = 0
  for (const task of readdirSync(tasks)) {
    nanoseconds += Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0])
  }
  return nanoseconds / 1e6
}
