import type { ErrorCode } from '../errors.ts'
import type { Log } from '../log/log.ts'
import type { Heartbeat } from '../storage/heartbeat.ts'
import type { Readiness } from './health.ts'

/** Edits that wait longer than this for the database turn readiness red, in ms. */
const READY_WITHIN = 5_000

/** Whether edits can be taken and saved; asked by whoever sends clients here. */
export function readiness(log: Log, heartbeat: Heartbeat, stopping: boolean): Readiness {
  const problems: ErrorCode[] = []
  const { failure, oldest, stalled } = log.state
  if (stopping) problems.push('shutting-down')
  if (log.full) problems.push('storage-full')
  if (failure !== undefined || oldest > READY_WITHIN || stalled > 0 || !heartbeat.alive) {
    problems.push('storage-unavailable')
  }
  return { ready: problems.length === 0, problems }
}
