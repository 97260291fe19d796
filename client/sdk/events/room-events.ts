import type { Envelope } from '../envelope.ts'
import { guarded } from '../guarded.ts'
import { Signals } from '../signals.ts'
import { IndexedStore } from './indexed-store.ts'
import { Outbox } from './outbox.ts'
import type {
  MemoryStores,
  OutboxStore,
  Outcome,
  Refused,
  RefusedEvent,
  Waiting,
  WaitingRoom,
} from './outbox-store.ts'
import { refusedEvent } from './refused-event.ts'
import { EventStream } from './stream.ts'

export interface RoomEventsOptions {
  readonly room: string
  /** Name of the database on this device in which events wait; `undefined` keeps them in memory. */
  readonly database: string | undefined
  /** Whether this device keeps a copy of the document. */
  readonly copied: boolean
  readonly memory: MemoryStores
  readonly send: (message: string) => void
  readonly changed: () => void
}

export interface UnsentListener {
  /** All that waits here and that this page did not publish, and what was refused and stays. */
  readonly waiting: (events: readonly Waiting[], refused: readonly Refused[]) => void
  /** What became of one that was published on this device. */
  readonly outcome: (outcome: Outcome) => void
}

const boxesOf = (owner: string): string => `${encodeURIComponent(owner)}/`

/** The rooms for which something of somebody's waits in a database on this device. */
export async function roomsWaiting(database: string, owner: string): Promise<readonly WaitingRoom[]> {
  if (!IndexedStore.available) return []
  return IndexedStore.rooms(database, boxesOf(owner)).catch(() => [])
}

/** A room's events, those that it tells and ours on their way to it, and its signals. */
export class RoomEvents {
  readonly stream: EventStream
  readonly outbox: Outbox
  readonly signals: Signals
  readonly #unsentListeners = new Set<UnsentListener>()

  constructor({ room, database, copied, memory, send, changed }: RoomEventsOptions) {
    this.signals = new Signals(send)
    this.stream = new EventStream((after) => send(JSON.stringify({ type: 'resume', after })))
    this.outbox = new Outbox({
      open: async (owner, heard): Promise<OutboxStore> => {
        const box = `${boxesOf(owner)}${room}`
        if (database === undefined || !IndexedStore.available) return memory.of(box)
        // Where the browser denies storage, as some private windows do, nothing outlives the page.
        return IndexedStore.open(database, box, copied, heard).catch(() => memory.of(box))
      },
      send,
      settled: (outcome) => {
        for (const listener of [...this.#unsentListeners]) guarded(() => listener.outcome(outcome))
      },
      found: () => {
        const { others, refused } = this.outbox
        for (const listener of [...this.#unsentListeners]) guarded(() => listener.waiting(others, refused))
      },
      changed,
    })
  }

  onUnsent(listener: UnsentListener): () => void {
    this.#unsentListeners.add(listener)
    listener.waiting(this.outbox.others, this.outbox.refused)
    return () => this.#unsentListeners.delete(listener)
  }

  onRefused(listener: (event: RefusedEvent) => void): () => void {
    const outcome = (one: Outcome): void => {
      if ('refusal' in one) listener(refusedEvent(one, one.refusal))
    }
    return this.onUnsent({ outcome, waiting: () => undefined })
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
