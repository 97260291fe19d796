import type { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import * as Y from 'yjs'
import { type EventDraft, MAX_EVENTS_AT_ONCE, type RoomEvent } from '../protocol.ts'
import { openRoom, type RoomConnection } from './room-provider.ts'

/**
 * A stock provider that publishes events and is told of them: what was not answered it sends again, in order, on its
 * next connection, and it resumes after the last event that it has seen.
 */
export class EventPeer {
  /** In the order in which they came. */
  readonly seen: RoomEvent[] = []
  readonly #unanswered = new Map<string, EventDraft>()
  readonly #document = new Y.Doc()
  readonly #provider: HocuspocusProvider
  readonly #socket: HocuspocusProviderWebsocket
  readonly #connection: RoomConnection
  #resumed = false

  constructor(connection: RoomConnection) {
    this.#connection = connection
    const opened = openRoom({
      ...connection,
      document: this.#document,
      onAuthenticated: () => this.#begin(),
      onStateless: (payload) => this.#told(JSON.parse(payload)),
    })
    this.#provider = opened.provider
    this.#socket = opened.socket
  }

  /** Whether it was told, on the connection that it has now, that it has seen all there was. */
  get resumed(): boolean {
    return this.#resumed && this.#provider.isAuthenticated
  }

  get unanswered(): number {
    return this.#unanswered.size
  }

  publish(events: readonly EventDraft[]): void {
    for (const event of events) this.#unanswered.set(event.id, event)
    if (this.#provider.isAuthenticated) this.#say({ type: 'publish', events })
  }

  /** Loses its connection; it comes back by itself. */
  drop(): void {
    this.#resumed = false
    this.#socket.webSocket?.close()
  }

  destroy(): void {
    this.#provider.destroy()
    this.#socket.destroy()
    this.#document.destroy()
  }

  #begin(): void {
    this.#resumed = false
    this.#say({ type: 'resume', after: this.seen.at(-1)?.seq ?? 0 })
    const events = [...this.#unanswered.values()]
    for (let i = 0; i < events.length; i += MAX_EVENTS_AT_ONCE)
      this.#say({ type: 'publish', events: events.slice(i, i + MAX_EVENTS_AT_ONCE) })
  }

  #told(envelope: Told): void {
    const { changed, failed } = this.#connection
    if (envelope.type === 'event') this.seen.push(...envelope.events)
    else if (envelope.type === 'ack') for (const { id } of envelope.events) this.#unanswered.delete(id)
    else if (envelope.type === 'resumed') this.#resumed = true
    else if (envelope.type === 'reject') {
      if (envelope.retryable) this.drop()
      else failed(new Error(`${envelope.id}: ${envelope.message}`))
    }
    changed()
  }

  #say(envelope: unknown): void {
    this.#provider.sendStateless(JSON.stringify(envelope))
  }
}

type Told =
  | { readonly type: 'event'; readonly events: readonly RoomEvent[] }
  | { readonly type: 'ack'; readonly events: readonly { readonly id: string }[] }
  | { readonly type: 'resumed' }
  | {
      readonly type: 'reject'
      readonly id: string | null
      readonly message: string
      readonly retryable: boolean
    }
