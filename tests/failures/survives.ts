import { afterAll, beforeAll, expect } from 'vitest'
import { findRedis } from '../../tools/redis/binary.ts'
import { Cluster, type ClusterOptions } from './cluster.ts'
import type { FaultName } from './faults.ts'
import { playRound, ROOMS } from './round.ts'
import { type Schedule, scheduleOf } from './schedule.ts'
import { say } from './verdict.ts'

/** The longest that something lasts, in edits. */
const LONGEST = 150

interface Round {
  readonly seed: number
  readonly faults: readonly FaultName[]
  readonly ends: Schedule['ends']
}

/**
 * A cluster for the tests of a suite, and what plays a round on it: it must lose, double and part nothing.
 * FAILURES_SEED takes the place of the seeds that are written there.
 */
export function survives({ carrier }: Pick<ClusterOptions, 'carrier'> = {}): (round: Round) => Promise<void> {
  let cluster: Cluster | undefined
  beforeAll(async () => {
    cluster = await Cluster.start({ redis: await findRedis(), ...(carrier && { carrier }) })
  }, 60_000)
  afterAll(() => cluster?.dispose())
  return async (round) => {
    if (cluster === undefined) throw new Error('there is no cluster')
    const seed = Number(process.env.FAILURES_SEED ?? round.seed)
    const nodes = cluster.nodes.length
    const schedule = scheduleOf({ ...round, seed, nodes, rooms: ROOMS, longest: LONGEST })
    const verdict = await playRound(cluster, schedule)
    process.stdout.write(`${say(verdict)}\n`)
    expect(verdict.problems).toEqual([])
    expect(verdict.acknowledged).toBeGreaterThan(LONGEST)
  }
}
