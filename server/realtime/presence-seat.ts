import type { Connection } from '@hocuspocus/server'
import { SynclineError } from '../errors.ts'
import type { ClientState } from './presence-frame.ts'
import type { HonestState } from './presence-state.ts'

/** Client ids that one connection may have; one is usual, more only where several share a document. */
const MAX_IDS = 4

/** Whoever keeps who is connected hears what this connection says of itself, and when it is gone. */
export interface Stay {
  said(state: HonestState): void
  leave(): void
}

/** What a connection is told over, and asks over. */
export interface Reader {
  /** Whether it keeps up with what it is sent. */
  readonly comfortable: boolean
  /** What it asked for takes as much of the server as so many messages and bytes that it sent. */
  charge(messages: number, bytes: number): void
}

/** One connection's part in its room's presence: its ids, and what it has said that is not told yet. */
export class Seat {
  readonly connection: Connection
  readonly user: string
  readonly reader: Reader
  readonly ids = new Set<number>()
  /** The newest of each id: what was said before it is nobody's interest any more. */
  readonly said = new Map<number, ClientState>()
  /** Wants to hear of everybody. */
  asks = false
  /** Of whom it was not told, since it did not keep up. */
  readonly missed = new Set<number>()
  /** Whether it may still be heard is being decided. */
  deciding = false
  /** It is being sent to another node. */
  moves = false

  readonly stay: Stay | undefined

  constructor(connection: Connection, user: string, reader: Reader, stay?: Stay) {
    this.connection = connection
    this.user = user
    this.reader = reader
    this.stay = stay
  }

  /** @throws SynclineError `awareness-invalid` */
  take(id: number): void {
    if (this.ids.size >= MAX_IDS) throw new SynclineError('awareness-invalid', 'it has too many client ids')
    this.ids.add(id)
  }
}

/** What a client says of itself while its room is being opened. */
export class Waiting {
  readonly #states = new Map<number, ClientState>()
  bytes = 0

  add(state: ClientState): void {
    this.#drop(state.id)
    if (state.state === undefined || this.#states.size >= MAX_IDS) return
    this.#states.set(state.id, state)
    this.bytes += state.state.length
  }

  states(): readonly ClientState[] {
    return [...this.#states.values()]
  }

  #drop(id: number): void {
    this.bytes -= this.#states.get(id)?.state?.length ?? 0
    this.#states.delete(id)
  }
}
