import type pg from 'pg'
import { recordAct } from '../access/audit.ts'
import type { WebhookConfig } from '../config/webhooks.ts'
import { SYSTEM } from '../log/entry.ts'
import type { Logger } from '../observe/log.ts'
import { Rounds } from '../rounds.ts'
import { type Database, openPool } from '../storage/database.ts'
import type { Pulse } from '../storage/pulse.ts'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import type { Addresses } from './address.ts'
import { tellChanges } from './changes.ts'
import { messageOf } from './delivery-table.ts'
import type { HookCalls } from './hooks.ts'
import { type Due, putBack, recordTried, takeDue } from './queue.ts'
import { type Answer, post } from './send.ts'
import { signatureHeaders } from './signature.ts'
import type { SwitchedOff } from './webhook.ts'
import { HAS_WEBHOOKS, noteFailure, noteTaken, switchOff } from './webhook-table.ts'

/** Of the sender's own, so that many deliveries do not wait before what people ask. */
const CONNECTIONS = 2
/** To one webhook from one node: a slow receiver has these, and no others. */
const AT_ONCE = 4
/** For how many times as long as a try may take it is this node's: the database takes its time, too. */
const LEASE = 2
/** By how much a pause is more or less than it says: what failed together is not to come back together. */
const JITTER = 0.2
/** The longest that a receiver may ask us to wait, in ms. */
const LONGEST_PAUSE = 24 * 60 * 60 * 1000
/** A receiver that has taken nothing for so long is not tried any more, in ms. */
const FAILS_FOR = 3 * 24 * 60 * 60 * 1000
/** It was cut off by a stop: as if it had not been tried, but for what the receiver may have taken of it. */
const STOPPED = Symbol('stopped')
const OK = 200
const GONE = 410

/** Sends what is due, with other nodes beside it. */
export class Sender {
  /** Commits without waiting for the disk: what is lost with a machine is sent again. */
  readonly #pool: pg.Pool
  readonly #config: WebhookConfig
  readonly #addresses: Addresses
  readonly #hooks: HookCalls
  readonly #logger: Logger
  readonly #rounds = new Rounds(() => this.#round())
  /** On their way, by webhook. */
  readonly #busy = new Map<string, number>()
  readonly #sending = new Set<Promise<void>>()
  readonly #stop = new AbortController()
  #unwatch: (() => Promise<void>) | undefined

  constructor(
    database: Pick<Database, 'url'>,
    config: WebhookConfig,
    addresses: Addresses,
    hooks: HookCalls,
    logger: Logger,
  ) {
    this.#pool = openPool(database.url, { max: CONNECTIONS, commits: 'soon' })
    this.#config = config
    this.#addresses = addresses
    this.#hooks = hooks
    this.#logger = logger
  }

  start(pulse: Pulse): void {
    this.#unwatch = pulse.watch({ when: HAS_WEBHOOKS, act: async () => this.#rounds.wake() })
  }

  /** Sends nothing more. What is on its way is cut off, and sent again by whoever is there next. */
  async close(): Promise<void> {
    if (this.#stop.signal.aborted) return
    this.#stop.abort()
    await this.#unwatch?.()
    await this.#rounds.close()
    await Promise.all(this.#sending)
    await this.#pool.end()
  }

  async #round(): Promise<void> {
    try {
      await tellChanges(this.#pool, this.#config.changes)
      const lease = this.#config.timeout * LEASE
      const busy = new Map([...this.#busy, ...this.#hooks.running])
      const capacity = { busy, atOnce: AT_ONCE, hooks: this.#hooks.types }
      for (const due of await takeDue(this.#pool, capacity, lease)) this.#begin(due)
    } catch (error) {
      // All of it is still there: the next beat is for all that this one missed.
      this.#logger.warn({ err: error }, 'webhooks could not be looked after; the next beat tries again')
    }
  }

  #begin(due: Due): void {
    this.#busy.set(due.webhook, (this.#busy.get(due.webhook) ?? 0) + 1)
    const sending = this.#send(due)
      .catch((error: unknown) => {
        // It is taken until its time is over, and is then sent again.
        this.#logger.warn({ err: error, delivery: due.id }, 'what became of a delivery could not be recorded')
      })
      .finally(() => {
        this.#sending.delete(sending)
        const left = (this.#busy.get(due.webhook) ?? 1) - 1
        if (left === 0) this.#busy.delete(due.webhook)
        else this.#busy.set(due.webhook, left)
        this.#rounds.wake()
      })
    this.#sending.add(sending)
  }

  async #send(due: Due): Promise<void> {
    const begun = performance.now()
    const answer = await this.#post(due)
    const duration = performance.now() - begun
    const { id, webhook, attempts } = due
    const tried = { id, attempts, duration }
    if (answer === STOPPED) return putBack(this.#pool, due)
    if (typeof answer === 'string') {
      const again = this.#pause(attempts, undefined)
      return this.#failed(due, { ...tried, again, statusCode: undefined, error: answer })
    }
    const { status: statusCode } = answer
    if (statusCode >= 200 && statusCode < 300) {
      await recordTried(this.#pool, { ...tried, taken: true, statusCode, error: undefined, again: undefined })
      return noteTaken(this.#pool, webhook)
    }
    const error = `the receiver answered ${statusCode}`
    const again = statusCode === GONE ? undefined : this.#pause(attempts, answer.retryAfter)
    await this.#failed(due, { ...tried, again, statusCode, error })
  }

  /** What the receiver answered, or why it did not. */
  async #post(due: Due): Promise<Answer | string | typeof STOPPED> {
    const message = messageOf(due)
    const timeout = AbortSignal.timeout(this.#config.timeout)
    const signal = AbortSignal.any([timeout, this.#stop.signal])
    try {
      if (due.hook !== null) {
        await this.#hooks.call(due.hook, message, due.attempts, signal)
        return { status: OK, retryAfter: undefined }
      }
      const body = JSON.stringify(message)
      return await post(this.#addresses, due.url, signatureHeaders(due.secrets, due.id, body), body, signal)
    } catch (error) {
      if (timeout.aborted) return `no answer within ${this.#config.timeout} ms`
      if (this.#stop.signal.aborted) return STOPPED
      return error instanceof Error ? error.message : String(error)
    }
  }

  /** @returns in how many ms it is tried again; undefined where it was tried often enough */
  #pause(attempts: number, asked: number | undefined): number | undefined {
    const pause = this.#config.retries[attempts - 1]
    if (pause === undefined) return undefined
    const spread = pause * (1 + JITTER * (2 * Math.random() - 1))
    return Math.max(spread, Math.min(asked ?? 0, LONGEST_PAUSE))
  }

  async #failed(
    { webhook, url }: Due,
    tried: Omit<Parameters<typeof recordTried>[1], 'taken'> & { readonly error: string },
  ): Promise<void> {
    const given = tried.again === undefined
    await inTransaction(this.#pool, async (client) => {
      await recordTried(client, { ...tried, taken: false })
      await noteFailure(client, webhook)
      if (tried.statusCode === GONE) await this.#switchOff(client, webhook, 'gone', { url, failingFor: 0 })
      else if (given) await this.#switchOff(client, webhook, 'failing', { url, failingFor: FAILS_FOR })
    })
    if (given) {
      const { id: delivery, error: reason, attempts } = tried
      this.#logger.warn({ webhook, delivery, reason, attempts }, 'a delivery was given up')
    }
  }

  async #switchOff(
    client: Queryable,
    webhook: string,
    why: SwitchedOff,
    where: Parameters<typeof switchOff>[3],
  ): Promise<void> {
    if (!(await switchOff(client, webhook, why, where))) return
    await recordAct(client, {
      actor: SYSTEM,
      act: 'webhook.switch-off',
      subject: `webhook:${webhook}`,
      details: { why },
    })
    this.#logger.error({ webhook, why }, 'a webhook was switched off')
  }
}
