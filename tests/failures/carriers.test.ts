import { describe, it } from 'vitest'
import { describeWithOwnRedis } from '../support/redis.ts'
import { startRedisCluster, startSentinel } from './carrier.ts'
import { survives } from './survives.ts'

const FAULTS = ['kill Redis', 'halt Redis', 'kill a node', 'kill Redis'] as const

const CARRIERS = [
  {
    carrier: startSentinel,
    seed: 7,
    struck: 'the master that a sentinel watches, whose place another takes',
  },
  { carrier: startRedisCluster, seed: 8, struck: 'one after the other of a Redis Cluster' },
] as const

describeWithOwnRedis('several Redis that fail', () => {
  describe.each(CARRIERS)('$struck', ({ carrier, seed, struck }) => {
    const round = survives({ carrier })
    it(
      `[FAIL7] loses, doubles and parts nothing when ${struck} is killed or halted, and nodes hear each other again`,
      () => round({ seed, faults: FAULTS, ends: 'in peace' }),
      120_000,
    )
  })
})
