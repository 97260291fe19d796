import { CHAT_SIGNAL } from '../../../server/protocol.ts'
import { backoff } from '../backoff.ts'
import type { Client } from '../client.ts'
import { guarded } from '../guarded.ts'
import { reasonOf } from '../reason.ts'
import type { Room } from '../room.ts'
import type { Refusal } from '../state.ts'

/** What the server answered last, and whether it can be had now. */
export interface Answered<Answer> {
  /** Undefined before the first answer. */
  readonly answer: Answer | undefined
  /** Why there is no newer one. */
  readonly error: Refusal | undefined
}

/** Signals that come so soon after each other, in ms, are one reason to ask. */
const GATHER = 150

/**
 * An answer of the server about somebody's chats, asked for again when it says that there is something new, and on
 * each return: what was missed meanwhile is in it.
 */
export class Refetched<Answer> {
  readonly #client: Client
  readonly #path: string
  readonly #listeners = new Set<() => void>()
  #state: Answered<Answer> = { answer: undefined, error: undefined }
  #room: Room | undefined
  #stops: (() => void)[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #asking = false
  #again = false
  #failures = 0

  constructor(client: Client, path: string) {
    this.#client = client
    this.#path = path
  }

  /** The same until something changes. */
  getState = (): Answered<Answer> => this.#state

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) this.#start()
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#stop()
    }
  }

  /** Asks now. */
  reload = (): void => this.#askIn(0)

  #start(): void {
    this.#askIn(0)
    const whenShown = (): void => {
      if (document.visibilityState === 'visible') this.reload()
    }
    if (typeof document !== 'undefined') {
      document.addEventListener('visibilitychange', whenShown)
      this.#stops.push(() => document.removeEventListener('visibilitychange', whenShown))
    }
    this.#join()
  }

  /** As soon as it is known whose chats these are. */
  #join(): void {
    if (this.#room !== undefined || this.#listeners.size === 0) return
    const inbox = this.#client.inbox()
    if (inbox === undefined) return
    this.#room = inbox
    let online = inbox.status === 'online'
    const look = (): void => {
      const before = online
      online = inbox.status === 'online'
      if (online && !before) this.reload()
    }
    this.#stops.push(
      inbox.onSignal(CHAT_SIGNAL, () => this.#askSoon()),
      inbox.subscribe(look),
    )
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const stop of this.#stops.splice(0)) stop()
    this.#room?.release()
    this.#room = undefined
  }

  /** A question that is due stands: no stream of signals puts it off, or comes before its turn after a failure. */
  #askSoon(): void {
    if (this.#timer === undefined) this.#askIn(GATHER)
  }

  #askIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.#ask()
    }, ms)
  }

  async #ask(): Promise<void> {
    this.#again = this.#asking
    if (this.#asking) return
    this.#asking = true
    try {
      this.#set({ answer: await this.#client.api.get<Answer>(this.#path), error: undefined })
      this.#failures = 0
      this.#join()
    } catch (error) {
      const reason = reasonOf(error)
      this.#set({ ...this.#state, error: reason })
      if (reason.retryable && this.#listeners.size > 0) {
        this.#again = false
        this.#askIn(backoff(this.#failures))
      }
      this.#failures += 1
    }
    this.#asking = false
    if (this.#again && this.#listeners.size > 0) this.#askIn(0)
  }

  #set(state: Answered<Answer>): void {
    this.#state = state
    for (const listener of [...this.#listeners]) guarded(listener)
  }
}
