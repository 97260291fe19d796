import { backoff } from '../backoff.ts'
import type { Envelope } from '../envelope.ts'
import { guarded } from '../guarded.ts'
import { refusalSaid } from '../refusal.ts'
import type { Refusal } from '../state.ts'
import type { EventOf } from './payloads.ts'

/** `now`: what comes from here on. `start`: all that is kept. A seq: all after it. */
export type EventStart = 'now' | 'start' | number

export interface EventListener {
  /** Events in order, each once over the life of the listener. */
  readonly events: (events: readonly EventOf[]) => void
  /** Events up to `after` are not kept any more and were not told: what was made of the earlier ones is incomplete. */
  readonly reset?: (after: number) => void
  /** It has all that there is now; said once, and once more after a reset or a refusal. */
  readonly caughtUp?: () => void
  /** It is told of nothing until the room is joined anew, or `caughtUp` says otherwise. */
  readonly refused?: (refusal: Refusal) => void
}

interface Listening extends EventListener {
  /** The last seq that it was told of; undefined while it waits to learn where "now" is. */
  position: number | undefined
  readonly fromNow: boolean
  /** It was told `caughtUp`. */
  hasAll: boolean
}

/**
 * What a room tells of its events, and who listens. Each listener has a position of its own. The server sends one
 * stream a connection, from a position that it names first; it counts for those listeners who have all up to where it
 * stands, and a listener who wants more makes it begin anew from there. So what comes twice is told once, whatever
 * drops in between.
 */
export class EventStream {
  readonly #ask: (after: number | null) => void
  readonly #listeners = new Set<Listening>()
  readonly #resetListeners = new Set<(after: number) => void>()
  /** Up to where this connection's stream has come; undefined before it begins. */
  #at: number | undefined
  #live = false
  #connected = false
  #askingSoon = false
  /** From where it was asked last. */
  #asked: number | null = null
  #failures = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(ask: (after: number | null) => void) {
    this.#ask = ask
  }

  /** Returns what stops it. */
  listen(listener: EventListener, from: EventStart): () => void {
    const fromNow = from === 'now'
    const here = this.#live ? this.#at : undefined
    const position = fromNow ? here : from === 'start' ? 0 : from
    const listening: Listening = { ...listener, fromNow, position, hasAll: false }
    this.#listeners.add(listening)
    this.#askSoon()
    return () => this.#listeners.delete(listening)
  }

  /** Calls back where some listener was told of a reset. Returns what stops it. */
  onReset(listener: (after: number) => void): () => void {
    this.#resetListeners.add(listener)
    return () => this.#resetListeners.delete(listener)
  }

  /** Whether the room is joined; each time that it is anew, the stream begins anew. */
  setConnected(connected: boolean): void {
    if (connected === this.#connected) return
    this.#connected = connected
    this.#failures = 0
    clearTimeout(this.#timer)
    this.#at = undefined
    this.#live = false
    this.#askSoon()
  }

  /** An envelope of the server's. */
  said(envelope: Envelope): void {
    const { type, after, head, events } = envelope
    if (type === 'resuming' && typeof after === 'number')
      this.#resuming(after, typeof head === 'number' ? head : undefined)
    else if (type === 'event' && Array.isArray(events)) this.#told(events)
    else if (type === 'reset' && typeof after === 'number') this.#reset(after)
    else if (type === 'resumed' && typeof head === 'number') this.#resumed(head)
    else if (type === 'reject' && envelope.id === 'resume') this.#refused(envelope)
  }

  #resuming(after: number, head: number | undefined): void {
    this.#at = after
    this.#live = false
    // "Now" is when the server took the question, not when all that came before it has been told. A server that does
    // not say its head has said it by where it begins, where nobody asked for more.
    const now = head ?? (this.#asked === null ? after : undefined)
    for (const listener of this.#listeners) listener.position ??= now
    // It may have begun above what somebody has: who began to listen meanwhile, for one.
    if (this.#lacking()) this.#askSoon()
  }

  #told(events: readonly EventOf[]): void {
    const before = this.#at
    if (before === undefined) return
    const fresh = ascending(events, before)
    const last = fresh.at(-1)?.seq
    if (last === undefined) return
    this.#at = last
    for (const listener of [...this.#listeners]) {
      const { position } = listener
      if (position === undefined || position < before || position >= last) continue
      if (!this.#listeners.has(listener)) continue // stopped by one before it
      listener.position = last
      const news = position === before ? fresh : fresh.filter(({ seq }) => seq > position)
      guarded(() => listener.events(news))
    }
  }

  #reset(after: number): void {
    const before = this.#at
    if (before === undefined || after <= before) return
    this.#at = after
    const behind = [...this.#listeners].filter(
      ({ position }) => position !== undefined && position >= before && position < after,
    )
    for (const listener of behind) listener.position = after
    this.#tellReset(behind, after)
  }

  #tellReset(listeners: readonly Listening[], after: number): void {
    if (listeners.length === 0) return
    for (const listener of listeners) {
      listener.hasAll = false
      guarded(() => listener.reset?.(after))
    }
    for (const listener of [...this.#resetListeners]) guarded(() => listener(after))
  }

  /** Those who have all. */
  #tellCaughtUp(): void {
    const at = this.#at
    if (!this.#live || at === undefined) return
    for (const listener of [...this.#listeners]) {
      const { hasAll, position } = listener
      if (hasAll || position === undefined || position < at || !this.#listeners.has(listener)) continue
      listener.hasAll = true
      guarded(() => listener.caughtUp?.())
    }
  }

  #resumed(head: number): void {
    const before = this.#at
    if (before === undefined) return
    this.#live = true
    this.#failures = 0
    this.#at = Math.max(before, head)
    for (const listener of this.#listeners) {
      if (listener.position === undefined || (listener.position >= before && listener.position < head))
        listener.position = head
    }
    this.#tellCaughtUp()
  }

  #refused(envelope: Envelope): void {
    this.#at = undefined
    this.#live = false
    const reason = refusalSaid(envelope)
    if (reason.retryable) {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#askSoon(), backoff(this.#failures))
      this.#failures += 1
    }
    // The room's log is shorter than what was told of it: another database answers, or an older copy of it.
    if (envelope.code !== 'position-invalid') {
      if (!reason.retryable) this.#tellRefused(reason)
      return
    }
    const ahead = [...this.#listeners].filter(({ position }) => position !== undefined && position > 0)
    if (ahead.length === 0) return
    for (const listener of ahead) listener.position = listener.fromNow ? undefined : 0
    this.#tellReset(ahead, 0)
    this.#askSoon()
  }

  #tellRefused(reason: Refusal): void {
    for (const listener of [...this.#listeners]) {
      listener.hasAll = false
      guarded(() => listener.refused?.(reason))
    }
  }

  /** Once for all who begin to listen in one turn. */
  #askSoon(): void {
    if (this.#askingSoon || !this.#connected) return
    this.#askingSoon = true
    queueMicrotask(() => {
      this.#askingSoon = false
      if (!this.#connected) return
      // Who begins where the stream is has all already.
      this.#tellCaughtUp()
      if (!this.#lacking()) return
      this.#asked = this.#earliest()
      this.#ask(this.#asked)
    })
  }

  #lacking(): boolean {
    const at = this.#at
    return [...this.#listeners].some(({ position }) =>
      at === undefined ? true : position !== undefined && position < at,
    )
  }

  #earliest(): number | null {
    const positions = [...this.#listeners].flatMap(({ position }) => position ?? [])
    return positions.length === 0 ? null : Math.min(...positions)
  }
}

/** Those after `seq`, each after the one before it: whatever came twice or too late is left out. */
function ascending(events: readonly EventOf[], seq: number): readonly EventOf[] {
  let last = seq
  const fresh: EventOf[] = []
  for (const event of events) {
    if (event.seq <= last) continue
    last = event.seq
    fresh.push(event)
  }
  return fresh
}
