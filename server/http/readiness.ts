import type { Bus } from '../bus.ts'
import type { ErrorCode } from '../errors.ts'
import type { Log } from '../log/log.ts'
import type { Heartbeat } from '../storage/heartbeat.ts'
import type { Readiness } from './health.ts'

/** Edits that wait longer than this for the database turn readiness red, in ms. */
const READY_WITHIN = 5_000

/** Whether edits can be taken and saved; asked by whoever sends clients here. */
export function readiness(
  log: Log,
  heartbeat: Heartbeat,
  bus: Pick<Bus, 'connected'> | undefined,
  stopping: boolean,
): Readiness {
  const problems: ErrorCode[] = []
  const degraded: ErrorCode[] = []
  const { failure, oldest, stalled } = log.state
  if (stopping) problems.push('shutting-down')
  if (log.full) problems.push('storage-full')
  if (failure !== undefined || oldest > READY_WITHIN || !heartbeat.alive) problems.push('storage-unavailable')
  // The next node could not commit them either, and everybody else's edits are saved here.
  if (stalled > 0) degraded.push('storage-rejects')
  if (bus?.connected === false) degraded.push('nodes-apart')
  return { ready: problems.length === 0, problems, degraded }
}
