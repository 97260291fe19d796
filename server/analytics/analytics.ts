import type pg from 'pg'
import type { People } from '../access/people.ts'
import type { Verify } from '../access/verifier.ts'
import type { Channels } from '../channels/channels.ts'
import type { EntryOptions } from '../channels/entry.ts'
import type { Router } from '../http/router.ts'
import type { Logger } from '../observe/log.ts'
import type { Pulse } from '../storage/pulse.ts'
import { Alerts } from './alerts.ts'
import { Allowance } from './allowance.ts'
import { forgetOld } from './housekeeping.ts'
import { Live, type Present } from './live.ts'
import { OwnMeasures, type SystemMeasure } from './own-measures.ts'
import { Recorder } from './recorder.ts'
import { analyticsRoutes } from './routes.ts'
import { Ticks } from './ticks.ts'

export interface AnalyticsOptions extends EntryOptions {
  readonly pool: pg.Pool
  readonly channels: Pick<Channels, 'publishOwn' | 'streams'>
  readonly signals: Present
  readonly people: Pick<People, 'remember'>
  readonly verify: Verify
  readonly logger: Logger
  /** What this node has measured of itself since it was asked last; asked every five seconds. */
  readonly systemSample: () => readonly SystemMeasure[]
}

export interface Analytics {
  readonly routes: Router
  /** Forgets what is older than it is kept. */
  forgetOld(signal: AbortSignal): Promise<void>
  start(pulse: Pulse): void
  /** Resolves when nothing more is published from here. */
  silence(): Promise<void>
  /** Resolves when all that was taken is committed, or refused. */
  close(): Promise<void>
}

/** What rooms `analytics:…` measure: counted, read, told live and watched. */
export async function createAnalytics(options: AnalyticsOptions): Promise<Analytics> {
  const { pool, channels, signals, systemSample, logger } = options
  const recorder = new Recorder(pool)
  const allowance = new Allowance()
  const own = new OwnMeasures({ pool, recorder, allowance, systemSample })
  await own.open()
  const live = new Live({ db: pool, present: [signals, channels.streams] })
  const alerts = new Alerts({ pool, publish: (room, drafts) => channels.publishOwn(room, drafts), logger })
  const ticks = new Ticks(
    {
      sample: (end) => own.sample(end),
      record: () => own.record(),
      tell: (end) => live.tell(end),
    },
    logger,
  )
  const silence = async (): Promise<void> => {
    await Promise.all([alerts.close(), ticks.close()])
  }
  return {
    routes: analyticsRoutes({ ...options, recorder, allowance }),
    forgetOld: (signal) => forgetOld(pool, signal),
    start: (pulse) => {
      alerts.start(pulse)
      ticks.start()
    },
    silence,
    close: async () => {
      await silence()
      await recorder.close()
    },
  }
}
