import type { EventDays } from '../config/retention.ts'
import type { Log } from '../log/log.ts'
import type { Logger } from '../observe/log.ts'
import type { Registry } from './registry.ts'

const DAY = 24 * 60 * 60 * 1000
/** The kinds that say nothing themselves. */
const OTHERS = '*'

export interface DroppedEvents {
  readonly room: string
  readonly dropped: number
}

/** Drops the events that are older than their kind keeps them. */
export class EventRetention {
  readonly #log: Log
  readonly #logger: Logger
  /** A kind, or `*` for every other, to days. */
  readonly #days: ReadonlyMap<string, number>

  /** @param days what the operator says, before what the kinds say themselves */
  constructor(log: Log, registry: Registry, days: EventDays, logger: Logger) {
    this.#log = log
    this.#logger = logger
    const own = registry.kinds.flatMap(({ name, keepDays }) =>
      keepDays === undefined ? [] : [[name, keepDays] as const],
    )
    this.#days = new Map([...own, ...Object.entries(days)])
  }

  /**
   * Every room in which something is due, one after the other. One in which it fails keeps up no other.
   * @param now in ms since the epoch; `earlierNow`, since what is dropped is gone
   */
  async *dropAll(signal: AbortSignal, now: number): AsyncGenerator<DroppedEvents> {
    for (const [kind, days] of this.#days) {
      const named = [...this.#days.keys()].filter((key) => key !== OTHERS)
      const kinds = kind === OTHERS ? { except: named } : { only: [kind] }
      // Whole days (UTC): what is dropped is packed before, and a segment an hour would be many small ones.
      const before = Math.floor(now / DAY - days) * DAY
      for (const { id, name } of await this.#log.roomsWithOldEvents(kinds, before)) {
        if (signal.aborted) return
        try {
          const dropped = await this.#log.dropEvents(id, before, signal)
          if (dropped > 0) yield { room: name, dropped }
        } catch (error) {
          if (!signal.aborted)
            this.#logger.error({ err: error, room: name }, 'events of a room could not be dropped')
        }
      }
    }
  }
}
