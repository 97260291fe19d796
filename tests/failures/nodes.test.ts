import { it } from 'vitest'
import { describeWithOwnRedis } from '../support/redis.ts'
import { survives } from './survives.ts'

const NODES = ['kill a node', 'halt a node', 'deploy a new version', 'jump the clock of a node'] as const
const PEOPLE = [
  'part people from a node',
  'leave sockets half open',
  'break all connections',
  'nothing',
] as const

describeWithOwnRedis('nodes and connections that fail', () => {
  const round = survives()
  it(
    '[FAIL1] loses, doubles and parts nothing when nodes are killed, halted, replaced, and have wrong clocks',
    () => round({ seed: 1, faults: NODES, ends: 'killed' }),
    90_000,
  )
  it(
    '[FAIL2] nor when connections break, hang, or are gone at one end, and everybody comes back at once',
    () => round({ seed: 2, faults: PEOPLE, ends: 'in peace' }),
    90_000,
  )
})
