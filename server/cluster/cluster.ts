import type { Bus, NodeId } from '../bus.ts'
import type { RedisConfig } from '../config/redis.ts'
import type { Log } from '../log/log.ts'
import type { Logger } from '../observe/log.ts'
import type { Queryable } from '../storage/transaction.ts'
import { RedisBus } from './redis-bus.ts'
import { relay } from './relay.ts'
import { Seal } from './seal.ts'

/** What this node has in common with others. */
export interface ClusterMember {
  readonly bus: Bus
  stop(): Promise<void>
}

/** Joins the other nodes on this database; never waits for Redis. */
export async function joinCluster(
  config: RedisConfig,
  {
    node,
    db,
    log,
    logger,
  }: { readonly node: NodeId; readonly db: Queryable; readonly log: Log; readonly logger: Logger },
): Promise<ClusterMember> {
  const bus = new RedisBus(config, await Seal.of(db), logger, node)
  relay(bus, log)
  return { bus, stop: () => bus.stop() }
}
