import type { Logger } from '../observe/log.ts'
import { type Database, openPool } from './database.ts'
import { Pulse } from './pulse.ts'

/** In ms. What takes access away is known on every node within a second: after a beat, this question and one for the rows. */
const BEATS = { access: 400, work: 800 }
/** What one question about access may take, in ms. */
const ACCESS_WITHIN = 5_000

export interface Pulses {
  /**
   * For what takes access away. Whoever locks a table of the others does not hold up its question, and it has a connection of
   * its own: those of all may be lent to requests that wait for something.
   */
  readonly access: Pulse
  /** For all else. */
  readonly work: Pulse
  /** May be called again. */
  stop(): Promise<unknown>
}

export function openPulses({ pool, url }: Pick<Database, 'pool' | 'url'>, logger: Logger): Pulses {
  const own = openPool(url, { max: 1, commits: 'soon', within: ACCESS_WITHIN })
  const access = new Pulse(own, logger, BEATS.access)
  const work = new Pulse(pool, logger, BEATS.work)
  const ended = async () => {
    await access.stop()
    await own.end()
  }
  let stopped: Promise<unknown> | undefined
  const stop = () => {
    stopped ??= Promise.all([ended(), work.stop()])
    return stopped
  }
  return { access, work, stop }
}
