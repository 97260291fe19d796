import { describe, it } from 'vitest'
import { describeWithOwnRedis } from '../support/redis.ts'
import { startRedisCluster, startSentinel } from './carrier.ts'
import { survives } from './survives.ts'

const FAULTS = ['kill Redis', 'halt Redis', 'kill a node', 'kill Redis'] as const

describeWithOwnRedis('several Redis that fail', () => {
  describe('under a sentinel', () => {
    const round = survives({ carrier: startSentinel })
    it(
      '[FAIL7] loses, doubles and parts nothing when the master is killed or halted and another takes its place, and hears of it there',
      () => round({ seed: 7, faults: FAULTS, ends: 'in peace' }),
      120_000,
    )
  })
  describe('in a Redis Cluster', () => {
    const round = survives({ carrier: startRedisCluster })
    it(
      '[FAIL7] nor when one after the other of a Redis Cluster is',
      () => round({ seed: 8, faults: FAULTS, ends: 'in peace' }),
      120_000,
    )
  })
})
