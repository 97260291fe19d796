import { findRedis } from '../../../tools/redis/binary.ts'
import { RedisProcess } from '../../../tools/redis/process.ts'
import { type Bench, Skipped } from '../../bench.ts'
import { type Peer, type PeerName, startPeer } from '../../peer.ts'

/** Two servers on one database and one Redis. */
export interface Nodes {
  readonly redis: RedisProcess
  readonly here: Peer
  readonly there: Peer
  /** Both as one, where their processor time is measured. */
  readonly both: Peer
}

export async function withNodes<Result>(
  bench: Bench,
  name: PeerName,
  act: (nodes: Nodes) => Promise<Result>,
): Promise<Result> {
  return withNodesOn(bench, name, name, act)
}

/** As `withNodes`, on a database of that name: other nodes stand beside them. */
export async function withNodesOn<Result>(
  bench: Bench,
  name: PeerName,
  database: string,
  act: (nodes: Nodes) => Promise<Result>,
): Promise<Result> {
  const redis = await ownRedis()
  try {
    const options = { redis: redis.url, database }
    const here = await startPeer(name, bench.postgres, options)
    const there = await startPeer(name, bench.postgres, options)
    try {
      return await act({ redis, here, there, both: { ...here, cpu: () => here.cpu() + there.cpu() } })
    } finally {
      await Promise.all([here.kill(), there.kill()])
    }
  } finally {
    await redis.dispose()
  }
}

export async function ownRedis(): Promise<RedisProcess> {
  const binary = await findRedis()
  if (binary.kind === 'absent') throw new Skipped(`there is no Redis: ${binary.reason}`)
  return RedisProcess.start(binary)
}
