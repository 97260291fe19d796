import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import type { EventDraft } from '../protocol.ts'
import type { Pulse } from '../storage/pulse.ts'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import { isBroken, measuredBy } from './alert-rule.ts'
import {
  ALERT_IS_DUE,
  type AlertRow,
  addTurn,
  forgetTurn,
  readTurns,
  type Turn,
  takeDueAlert,
  turnOf,
  writeFailure,
  writeFound,
} from './alert-table.ts'
import { mergedSketch } from './merged.ts'
import { TICK } from './widths.ts'

const ALERT = 'performance.alert'
/** Turns that are read at once. */
const AT_ONCE = 20
/** After so long without a look nobody knows what was in between, in ms. */
const BREAK = 30_000

export interface AlertsOptions {
  readonly pool: pg.Pool
  readonly publish: (room: string, drafts: readonly EventDraft[]) => Promise<unknown>
  readonly logger: Logger
}

/**
 * Looks at each rule once after each five seconds, on one node or another. What becomes of it is decided in the transaction that
 * has the rule, and published afterwards under the id that was written with it: whoever is killed in between, another publishes it,
 * and it is there once.
 */
export class Alerts {
  readonly #options: AlertsOptions
  #unwatch: (() => Promise<void>) | undefined
  #closed = false

  constructor(options: AlertsOptions) {
    this.#options = options
  }

  /** Ends after five seconds, however much there is to look at: what was decided is to be published, and the rest is first next time. */
  async look(): Promise<void> {
    const until = performance.now() + TICK
    while (!this.#closed && performance.now() < until && (await this.#lookAtOne()));
    await this.#publish()
  }

  start(pulse: Pulse): void {
    this.#unwatch = pulse.watch({ when: ALERT_IS_DUE, act: () => this.look() })
  }

  /** Begins nothing new; resolves when nothing more is published from here. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#unwatch?.()
  }

  /** False where none is due. One that fails has had its turn, and the others have theirs. */
  async #lookAtOne(): Promise<boolean> {
    const { pool, logger } = this.#options
    let alert: AlertRow | undefined
    try {
      await inTransaction(pool, async (client) => {
        alert = await takeDueAlert(client)
        if (alert !== undefined) await lookAt(client, alert)
      })
    } catch (error) {
      if (alert === undefined) throw error
      const { room, name } = alert
      await writeFailure(pool, alert, failureOf(error))
      logger.warn({ err: error, room, alert: name }, 'a rule could not be looked at')
    }
    return alert !== undefined
  }

  /**
   * In the order in which it was decided, in each room.
   * @throws what failed first, once all that can be published is
   */
  async #publish(): Promise<void> {
    const { pool } = this.#options
    const failed = new Map<string, unknown>()
    let turns: readonly Turn[]
    let last = '0'
    do {
      turns = await readTurns(pool, last, AT_ONCE)
      for (const turn of turns) {
        if (this.#closed) return
        last = turn.place
        if (failed.has(turn.room)) continue
        try {
          await this.#say(turn)
          await forgetTurn(pool, turn)
        } catch (error) {
          failed.set(turn.room, error)
        }
      }
    } while (turns.length === AT_ONCE)
    for (const error of failed.values()) throw error
  }

  /** @throws whatever may go well another time */
  async #say({ id, room, payload }: Turn): Promise<void> {
    const { publish, logger } = this.#options
    try {
      await publish(room, [{ type: ALERT, id, payload }])
    } catch (error) {
      if (!(error instanceof SynclineError) || error.retryable) throw error
      if (error.code !== 'room-deleted')
        logger.error({ err: error, room }, 'an alert is refused, and left out')
    }
  }
}

/** What an administrator of the room reads: of what is not about the rule itself no more than that. */
const failureOf = (error: unknown): string =>
  (error instanceof SynclineError ? error.detail : undefined) ?? 'it could not be read'

async function lookAt(client: Queryable, alert: AlertRow): Promise<void> {
  const { room, rule, end, raised: before } = alert
  const all = await mergedSketch(client, room, rule, end)
  const value = measuredBy(rule, all)
  if (isBroken(rule, value) === before)
    return writeFound(client, alert, { raised: before, value, otherwiseSince: undefined })
  const known = end - alert.lookedAt > BREAK ? null : alert.otherwiseSince
  const otherwiseSince = known ?? end
  if (end - otherwiseSince < rule.for * 1_000)
    return writeFound(client, alert, { raised: before, value, otherwiseSince })
  await writeFound(client, alert, { raised: !before, value, otherwiseSince: undefined })
  await addTurn(client, room, turnOf({ ...alert, value: value ?? null }, !before, end))
}
