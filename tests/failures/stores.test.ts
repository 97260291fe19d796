import { it } from 'vitest'
import { describeWithOwnRedis } from '../support/redis.ts'
import type { FaultName } from './faults.ts'
import { survives } from './survives.ts'

const POSTGRES: readonly FaultName[] = [
  'kill Postgres',
  'halt Postgres',
  'part a node from Postgres',
  'slow Postgres',
  'fill the disk',
]
const REDIS = ['kill Redis', 'halt Redis', 'part a node from Redis', 'flush Redis'] as const

describeWithOwnRedis('stores that fail', () => {
  const round = survives()
  it(
    '[FAIL3] loses, doubles and parts nothing when Postgres is killed, halted, out of reach, slow, or its disk full',
    () => round({ seed: 3, faults: POSTGRES, ends: 'killed' }),
    90_000,
  )
  it(
    '[FAIL4] nor when Redis is killed, halted, out of reach, or forgets everything',
    () => round({ seed: 4, faults: REDIS, ends: 'in peace' }),
    90_000,
  )
})
