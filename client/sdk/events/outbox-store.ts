import type { Refusal } from '../state.ts'

/** An event that is not committed yet. */
export interface Waiting {
  readonly id: string
  readonly type: string
  /** As JSON: what it was when it was published, whatever becomes of the object. */
  readonly payload: string
  /** Where it is refused it stays here, to be seen, until it is published again or forgotten. */
  readonly keepRefused?: boolean | undefined
}

/** A room for which something waits. */
export interface WaitingRoom {
  readonly name: string
  /** Whether this device kept a copy of its document as that was published; undefined where that is not known. */
  readonly copied: boolean | undefined
}

export interface PublishOptions {
  /** Makes two of the same one; default a new id. */
  readonly id?: string | undefined
  /** Keeps it on this device where it is refused, told to each `room.onUnsent`, until it is published again or forgotten. */
  readonly keepRefused?: boolean | undefined
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

export type Refused = Waiting & { readonly refusal: Refusal }

/** What became of one. */
export type Outcome = (Waiting & { readonly seq: number }) | Refused

export const staysRefused = (outcome: Outcome): outcome is Refused =>
  'refusal' in outcome && outcome.keepRefused === true

/** Where one person's events of one room wait, oldest first. */
export interface OutboxStore {
  /** What is in it outlives the page. */
  readonly lasting: boolean
  /** Puts them at the end, all or none. What was refused under their ids is refused no more. */
  add(events: readonly Waiting[]): Promise<void>
  /** The first `limit` of them. */
  first(limit: number): Promise<readonly Waiting[]>
  /** Takes those out that `first` gave and that have an outcome, and tells whoever else keeps them here. Some stay as refused. */
  settle(outcomes: readonly Outcome[]): Promise<void>
  /** What was refused and stays, oldest first. */
  refused(): Promise<readonly Refused[]>
  /** Of what was refused. */
  forget(id: string): Promise<void>
  count(): Promise<number>
  /** Does it while nobody else on this device does, as far as that can be had. */
  alone(work: () => Promise<void>): Promise<void>
  close(): void
}

/** For as long as the program runs. */
export class MemoryStore implements OutboxStore {
  readonly lasting: boolean = false
  #events: Waiting[] = []
  #refused: Refused[] = []

  async add(events: readonly Waiting[]): Promise<void> {
    this.#events.push(...events)
    this.#takeBack(events)
  }

  async first(limit: number): Promise<readonly Waiting[]> {
    return this.#events.slice(0, limit)
  }

  async settle(outcomes: readonly Outcome[]): Promise<void> {
    const gone = new Set(outcomes.map(({ id }) => id))
    this.#events = this.#events.filter(({ id }) => !gone.has(id))
    const stay = outcomes.filter(staysRefused)
    this.#takeBack(stay)
    this.#refused.push(...stay)
  }

  async refused(): Promise<readonly Refused[]> {
    return this.#refused
  }

  async forget(id: string): Promise<void> {
    this.#takeBack([{ id }])
  }

  async count(): Promise<number> {
    return this.#events.length
  }

  alone(work: () => Promise<void>): Promise<void> {
    return work()
  }

  close(): void {}

  #takeBack(events: readonly { readonly id: string }[]): void {
    const ids = new Set(events.map(({ id }) => id))
    this.#refused = this.#refused.filter(({ id }) => !ids.has(id))
  }
}

/** Stores of a client, which outlive its rooms. */
export class MemoryStores {
  readonly #boxes = new Map<string, MemoryStore>()

  of(box: string): MemoryStore {
    const store = this.#boxes.get(box) ?? new MemoryStore()
    this.#boxes.set(box, store)
    return store
  }
}
