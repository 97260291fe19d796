import type pg from 'pg'
import type { Channels } from '../channels/channels.ts'
import { SynclineError } from '../errors.ts'
import { SYSTEM } from '../log/entry.ts'
import type { Logger } from '../observe/log.ts'
import type { EventDraft } from '../protocol.ts'
import {
  type ClosedWindow,
  closeDueWindows,
  closedWindows,
  forgetOldItems,
  forgetWindow,
  type Notified,
} from './digest-table.ts'
import { notificationId } from './notifier.ts'

/** How often windows are looked for that are over, in ms. */
const POLL = 1_000
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
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined

  constructor(pool: pg.Pool, channels: Pick<Channels, 'publishAs'>, logger: Logger) {
    this.#pool = pool
    this.#channels = channels
    this.#logger = logger
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#running ??= this.#tellDue()
        // With the next look, for as long as it takes.
        .catch((error: unknown) => this.#logger.warn({ err: error }, 'digests could not be told'))
        .finally(() => {
          this.#running = undefined
        })
    }, POLL)
    this.#timer.unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#running
  }

  async forgetOld(): Promise<void> {
    await forgetOldItems(this.#pool)
  }

  async #tellDue(): Promise<void> {
    await closeDueWindows(this.#pool)
    for (const window of await closedWindows(this.#pool, AT_ONCE)) {
      const draft = digestOf(window)
      if (draft !== undefined && window.inbox !== '') await this.#publish(window.inbox, draft)
      await forgetWindow(this.#pool, window.id)
    }
  }

  async #publish(inbox: string, draft: EventDraft): Promise<void> {
    try {
      await this.#channels.publishAs(SYSTEM, inbox, [draft])
    } catch (error) {
      // Nobody is there any more to be told.
      if (!(error instanceof SynclineError) || error.code !== 'room-deleted') throw error
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
