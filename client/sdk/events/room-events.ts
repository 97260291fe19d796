import { guarded } from '../guarded.ts'
import type { Envelope } from '../session.ts'
import { Signals } from '../signals.ts'
import { IndexedStore } from './indexed-store.ts'
import { Outbox } from './outbox.ts'
import type { RefusedEvent } from './outbox-store.ts'
import { MemoryStore, type OutboxStore } from './outbox-store.ts'
import { EventStream } from './stream.ts'

export interface RoomEventsOptions {
  readonly room: string
  /** Name of the database on this device in which events wait; `undefined` keeps them in memory. */
  readonly database: string | undefined
  readonly send: (message: string) => void
  readonly changed: () => void
}

/** A room's events, those that it tells and ours on their way to it, and its signals. */
export class RoomEvents {
  readonly stream: EventStream
  readonly outbox: Outbox
  readonly signals: Signals
  readonly #refusedListeners = new Set<(event: RefusedEvent) => void>()

  constructor({ room, database, send, changed }: RoomEventsOptions) {
    this.signals = new Signals(send)
    this.stream = new EventStream((after) => send(JSON.stringify({ type: 'resume', after })))
    this.outbox = new Outbox({
      open: async (owner, heard): Promise<OutboxStore> => {
        if (database === undefined || !IndexedStore.available) return new MemoryStore()
        const box = `${encodeURIComponent(owner)}/${room}`
        // Where the browser denies storage, as some private windows do, nothing outlives the page.
        return IndexedStore.open(database, box, heard).catch(() => new MemoryStore())
      },
      send,
      refused: (event) => {
        for (const listener of [...this.#refusedListeners]) guarded(() => listener(event))
      },
      changed,
    })
  }

  onRefused(listener: (event: RefusedEvent) => void): () => void {
    this.#refusedListeners.add(listener)
    return () => this.#refusedListeners.delete(listener)
  }

  setConnected(connected: boolean): void {
    this.stream.setConnected(connected)
    this.outbox.setConnected(connected)
    this.signals.setConnected(connected)
  }

  said(envelope: Envelope): void {
    this.outbox.said(envelope)
    this.stream.said(envelope)
    this.signals.said(envelope)
  }
}
