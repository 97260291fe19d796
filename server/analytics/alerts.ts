import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'
import type { EventDraft } from '../protocol.ts'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import { isBroken, measuredBy, windowOf } from './alert-rule.ts'
import {
  type AlertRow,
  addTurn,
  forgetTurn,
  readTurns,
  type Turn,
  takeDueAlerts,
  turnOf,
  writeFound,
} from './alert-table.ts'
import { mergedSketch } from './metrics.ts'

const ALERT = 'performance.alert'
/** Rules that are looked at in one transaction, and turns that are published one after the other. */
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
  #closed = false

  constructor(options: AlertsOptions) {
    this.#options = options
  }

  async look(): Promise<void> {
    const { pool } = this.#options
    while (!this.#closed && (await inTransaction(pool, lookAtSome)) === AT_ONCE);
    await this.#publish()
  }

  /** Begins nothing new. */
  close(): void {
    this.#closed = true
  }

  /** In the order in which it was decided. */
  async #publish(): Promise<void> {
    const { pool } = this.#options
    let turns: readonly Turn[]
    let last = '0'
    do {
      turns = await readTurns(pool, last, AT_ONCE)
      for (const turn of turns) {
        if (this.#closed) return
        last = turn.place
        await this.#say(turn)
        await forgetTurn(pool, turn)
      }
    } while (turns.length === AT_ONCE)
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

async function lookAtSome(client: Queryable): Promise<number> {
  const due = await takeDueAlerts(client, AT_ONCE)
  for (const alert of due) await lookAt(client, alert)
  return due.length
}

async function lookAt(client: Queryable, alert: AlertRow): Promise<void> {
  const { room, rule, end, raised: before } = alert
  const all = await mergedSketch(client, room, { ...rule, ...windowOf(rule, end), to: end })
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
