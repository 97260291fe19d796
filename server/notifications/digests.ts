import type pg from 'pg'
import type { Channels } from '../channels/channels.ts'
import { SynclineError } from '../errors.ts'
import { SYSTEM } from '../log/entry.ts'
import type { Logger } from '../observe/log.ts'
import type { EventDraft } from '../protocol.ts'
import type { Pulse } from '../storage/pulse.ts'
import {
  type ClosedWindow,
  closeDueWindows,
  closedWindows,
  forgetOldItems,
  forgetWindow,
  type Notified,
  WINDOW_IS_OVER,
} from './digest-table.ts'
import { notificationId } from './notifier.ts'

const AT_ONCE = 100
/** Titles that a digest names. */
const NAMED = 10

/**
 * Tells what was held when its window is over. Several nodes may do it at once, and one that was killed in between does it
 * again: what a closed window says, and its id, are always the same.
 */
export class Digests {
  readonly #pool: pg.Pool
  readonly #channels: Pick<Channels, 'publishAs'>
  readonly #logger: Logger
  #unwatch: (() => Promise<void>) | undefined
  #closed = false

  constructor(pool: pg.Pool, channels: Pick<Channels, 'publishAs'>, logger: Logger) {
    this.#pool = pool
    this.#channels = channels
    this.#logger = logger
  }

  start(pulse: Pulse): void {
    this.#unwatch = pulse.watch({ when: WINDOW_IS_OVER, act: () => this.#tellDue() })
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#unwatch?.()
  }

  async forgetOld(): Promise<void> {
    await forgetOldItems(this.#pool)
  }

  async #tellDue(): Promise<void> {
    await closeDueWindows(this.#pool)
    let after = 0
    let windows: readonly ClosedWindow[]
    do {
      windows = await closedWindows(this.#pool, after, AT_ONCE)
      for (const window of windows) {
        after = window.id
        if (await this.#tell(window)) await forgetWindow(this.#pool, window.id)
      }
    } while (windows.length === AT_ONCE && !this.#closed)
  }

  /** Whether nothing is left to be done for a window. One that cannot be told holds up no other. */
  async #tell(window: ClosedWindow): Promise<boolean> {
    const draft = digestOf(window)
    if (draft === undefined || window.inbox === '') return true
    try {
      await this.#channels.publishAs(SYSTEM, window.inbox, [draft])
      return true
    } catch (error) {
      const refused = error instanceof SynclineError && !error.retryable
      if (refused && error.code === 'room-deleted') return true
      // Until an operator lets people in again.
      if (refused && error.code === 'room-quarantined') return false
      this.#logger.warn(
        { err: error, room: window.inbox },
        refused ? 'a digest is refused for good, and left out' : 'a digest is told later',
      )
      return refused
    }
  }
}

/** One that came alone is told as it is. */
function digestOf({ id, items }: ClosedWindow): EventDraft | undefined {
  const newest = items.at(-1)
  if (newest === undefined) return undefined
  const type = 'user.notified'
  if (items.length === 1) return { type, id: newest.id, payload: newest.payload }
  const titles = items.slice(-NAMED).map(({ payload }) => payload.title)
  const payload: Notified = {
    category: newest.payload.category,
    title: newest.payload.title,
    digest: { count: items.length, titles: titles.reverse() },
  }
  return { type, id: notificationId(`digest ${id}`), payload }
}
