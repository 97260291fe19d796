import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisConfig } from '../config/redis.ts'

export type Connection = Redis | Cluster

/** Between two attempts to connect, at most, in ms: the server is as it should be again within two seconds of Redis' return. */
const RETRY = 500
/** In ms. */
const CONNECT_WITHIN = 2_000

const retryStrategy = (times: number): number => Math.min(50 * times, RETRY)

/** Connects, and again whenever the connection is lost, for as long as it is not ended. */
export function connect(config: RedisConfig, name: string): Connection {
  const options: RedisOptions = {
    connectionName: `syncline-${name}`,
    connectTimeout: CONNECT_WITHIN,
    // What is given up is gone: after two seconds, as it would be otherwise, one of two could end when the other is back.
    disconnectTimeout: 0,
    retryStrategy,
    // What cannot be sent now is late, and what is late is read from the log: nothing waits for Redis.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    // Subscriptions are made anew by whoever made them.
    autoResubscribe: false,
    ...(config.username !== undefined && { username: config.username }),
    ...(config.password !== undefined && { password: config.password }),
    ...(config.tls && { tls: {} }),
  }
  switch (config.kind) {
    case 'single':
      return new Redis({ ...options, host: config.host, port: config.port, db: config.db })
    case 'sentinel':
      return new Redis({
        ...options,
        sentinels: [...config.hosts],
        name: config.master,
        db: config.db,
        sentinelRetryStrategy: retryStrategy,
        ...(config.tls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
      })
    case 'cluster':
      return new Cluster([...config.hosts], {
        redisOptions: options,
        clusterRetryStrategy: retryStrategy,
        enableOfflineQueue: false,
      })
  }
}
