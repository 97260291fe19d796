import type pg from 'pg'
import type { Logger } from '../observe/log.ts'
import { Pulse } from './pulse.ts'

/** In ms. What takes access away is known on every node within a second: after a beat, this question and one for the rows. */
const BEATS = { access: 400, work: 500 }

export interface Pulses {
  /** For what takes access away: whoever locks a table of the others does not hold up its question. */
  readonly access: Pulse
  /** For all else. */
  readonly work: Pulse
  stop(): Promise<unknown>
}

export function openPulses(pool: pg.Pool, logger: Logger): Pulses {
  const access = new Pulse(pool, logger, BEATS.access)
  const work = new Pulse(pool, logger, BEATS.work)
  return { access, work, stop: () => Promise.all([access.stop(), work.stop()]) }
}
