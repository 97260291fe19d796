import type { Refusal } from '../state.ts'

/** An event that is not committed yet. */
export interface Waiting {
  readonly id: string
  readonly type: string
  /** As JSON: what it was when it was published, whatever becomes of the object. */
  readonly payload: string
}

/** Where a published event came to stand. */
export interface Receipt {
  readonly id: string
  readonly seq: number
}

/** An event of ours that the server did not take; it is not sent again. */
export interface RefusedEvent {
  readonly id: string
  readonly type: string
  readonly payload: unknown
  readonly refusal: Refusal
}

/** What became of one. */
export type Outcome = Waiting & ({ readonly seq: number } | { readonly refusal: Refusal })

/** Where one person's events of one room wait, oldest first. */
export interface OutboxStore {
  /** Puts them at the end, all or none. */
  add(events: readonly Waiting[]): Promise<void>
  /** The first `limit` of them. */
  first(limit: number): Promise<readonly Waiting[]>
  /** Takes those out that `first` gave and that have an outcome, and tells whoever else keeps them here. */
  settle(outcomes: readonly Outcome[]): Promise<void>
  count(): Promise<number>
  /** Does it while nobody else on this device does, as far as that can be had. */
  alone(work: () => Promise<void>): Promise<void>
  close(): void
}

/** For as long as the program runs. */
export class MemoryStore implements OutboxStore {
  #events: Waiting[] = []

  async add(events: readonly Waiting[]): Promise<void> {
    this.#events.push(...events)
  }

  async first(limit: number): Promise<readonly Waiting[]> {
    return this.#events.slice(0, limit)
  }

  async settle(outcomes: readonly Outcome[]): Promise<void> {
    const gone = new Set(outcomes.map(({ id }) => id))
    this.#events = this.#events.filter(({ id }) => !gone.has(id))
  }

  async count(): Promise<number> {
    return this.#events.length
  }

  alone(work: () => Promise<void>): Promise<void> {
    return work()
  }

  close(): void {}
}
