import { describe } from 'vitest'
import { findRedis } from '../../tools/redis/binary.ts'
import { RedisProcess } from '../../tools/redis/process.ts'

export interface TestRedis {
  readonly url: string
  dispose(): Promise<void>
}

const given = process.env.REDIS_URL || undefined
/** Of the Redis that tests start. */
export const binary = await findRedis()

/**
 * For tests that end or halt their Redis, which nobody does to the one that REDIS_URL names.
 * Skipped, with a warning that says why, where none can be run; an error in CI.
 */
export const describeWithOwnRedis = whereItRuns()

/** For tests that need a Redis, be it the one of REDIS_URL. */
export const describeWithRedis = given === undefined ? describeWithOwnRedis : describe

/** REDIS_URL, with a database number for each of the suite's workers; else a process of its own. */
export async function startRedis(): Promise<TestRedis> {
  if (given === undefined) return startOwnRedis()
  const url = new URL(given)
  url.pathname = `/${process.env.VITEST_POOL_ID ?? 0}`
  return { url: url.href, dispose: async () => undefined }
}

/** @param settings as on its command line */
export function startOwnRedis(...settings: string[]): Promise<RedisProcess> {
  return RedisProcess.start(binary, settings)
}

function whereItRuns(): typeof describe | typeof describe.skip {
  if (binary.kind === 'found') return describe
  const message = `tests that need a Redis are left out: ${binary.reason}`
  if (process.env.CI === 'true') throw new Error(message)
  process.stderr.write(`WARNING: ${message}\n`)
  return describe.skip
}
