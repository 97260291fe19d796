import {
  LABEL_NAME,
  LABEL_TEXT,
  labelsBytes,
  MAX_LABELS,
  MAX_LABELS_BYTES,
  MAX_MEASURES,
  MAX_METRIC_VALUE,
  METRIC_NAME,
  SERVER_METRIC,
} from '../../../server/protocol.ts'
import type { Api } from '../api.ts'
import { backoff } from '../backoff.ts'
import { newId } from '../events/new-id.ts'
import { guarded } from '../guarded.ts'
import { refusal, refusalOf } from '../refusal.ts'
import type { Refusal } from '../state.ts'
import { within } from '../within.ts'

export type Labels = Readonly<Record<string, string>>

export interface TrackingState {
  /** What is not known to be counted yet. */
  readonly waiting: number
  /** What the server has counted of this page's. */
  readonly counted: number
  /** What is not counted, and never will be. */
  readonly dropped: number
  /** Why something was dropped last; undefined while nothing was. */
  readonly reason: Refusal | undefined
}

interface Measure {
  readonly name: string
  readonly value: number
  readonly labels: Labels
  readonly at: string
}

interface Answer {
  readonly counted: number
  readonly refused: readonly { readonly code: Refusal['code']; readonly count: number }[]
}

/** How long what is tracked is gathered, in ms. */
const GATHER = 2_000
/** How long a close waits for an answer, in ms. */
const CLOSE = 2_000
/** What waits at most: with this many in a page something else is wrong. */
const MOST_WAITING = 10_000

/**
 * Sends what is tracked, a batch at a time. One that is not answered is sent again under its id until it is, so that it counts
 * once; what is refused for good is dropped, and said to be.
 */
export class Tracker {
  readonly #api: Api
  readonly #path: string
  readonly #listeners = new Set<() => void>()
  #state: TrackingState = { waiting: 0, counted: 0, dropped: 0, reason: undefined }
  #waiting: Measure[] = []
  #sending: Promise<void> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Ends a pause before its time. */
  #hurry: (() => void) | undefined
  #closed = false

  constructor(api: Api, room: string) {
    this.#api = api
    this.#path = `/rooms/${encodeURIComponent(room)}/metrics`
  }

  getState(): TrackingState {
    return this.#state
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @throws RangeError where the server would take no such measure */
  track(name: string, value: number, labels: Labels): void {
    requireForm(name, value, labels)
    if (this.#closed || this.#state.waiting >= MOST_WAITING) {
      this.#drop(1, refusal('outbox-full'))
      return
    }
    this.#waiting.push({ name, value, labels: { ...labels }, at: new Date().toISOString() })
    this.#set({ waiting: this.#state.waiting + 1 })
    if (this.#waiting.length >= MAX_MEASURES) void this.flush()
    else this.#timer ??= setTimeout(() => void this.flush(), GATHER)
  }

  /** Resolves when all that was tracked until now is counted or dropped; sends without waiting for more. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#hurry?.()
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined
    })
    return this.#sending
  }

  /** Sends what waits, once more and for a moment; what then is not answered is dropped. */
  async close(): Promise<void> {
    this.#closed = true
    await within(this.flush(), CLOSE)
    this.#listeners.clear()
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#send(newId(), this.#waiting.splice(0, MAX_MEASURES))
  }

  async #send(id: string, measures: readonly Measure[]): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const answer = await this.#api
        .send<Answer>('POST', this.#path, { id, sentAt: new Date().toISOString(), measures })
        .catch(refusalOf)
      if ('counted' in answer) return this.#counted(measures.length, answer)
      if (!answer.retryable || this.#closed) return this.#drop(measures.length, answer, measures.length)
      await this.#pause(backoff(attempt))
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#hurry = undefined
        resolve()
      }
      const timer = setTimeout(done, ms)
      this.#hurry = done
    })
  }

  #counted(sent: number, { counted, refused }: Answer): void {
    this.#set({ waiting: this.#state.waiting - sent, counted: this.#state.counted + counted })
    for (const { code, count } of refused) this.#drop(count, refusal(code))
  }

  #drop(count: number, reason: Refusal, waited = 0): void {
    this.#set({
      waiting: this.#state.waiting - waited,
      dropped: this.#state.dropped + count,
      reason,
    })
  }

  #set(change: Partial<TrackingState>): void {
    this.#state = { ...this.#state, ...change }
    for (const listener of [...this.#listeners]) guarded(listener)
  }
}

function requireForm(name: string, value: number, labels: Labels): void {
  if (!METRIC_NAME.test(name) || name.startsWith(SERVER_METRIC))
    throw new RangeError(`${name} is no name of a metric`)
  if (!(Math.abs(value) <= MAX_METRIC_VALUE)) throw new RangeError(`${value} is no value of a metric`)
  const all = Object.entries(labels)
  const wrong = all.find(([label, text]) => !LABEL_NAME.test(label) || !LABEL_TEXT.test(text))
  if (wrong !== undefined || all.length > MAX_LABELS || labelsBytes(labels) > MAX_LABELS_BYTES)
    throw new RangeError(`${name} has no such labels`)
}
