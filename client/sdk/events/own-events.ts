import type { Outcome, Receipt, Waiting } from './outbox-store.ts'

interface Own extends PromiseWithResolvers<Receipt> {
  readonly event: Waiting
  /** Who published it, where that was known. */
  readonly owner: string | undefined
  /** It is in the store. */
  kept: boolean
}

/** What this page has published and nothing has come of yet. */
export class OwnEvents {
  readonly #all = new Map<string, Own>()
  #length = 0

  /** Of their payloads, in characters. */
  get length(): number {
    return this.#length
  }

  get kept(): number {
    return [...this.#all.values()].filter(({ kept }) => kept).length
  }

  has(id: string): boolean {
    return this.#all.has(id)
  }

  get(id: string): Own | undefined {
    return this.#all.get(id)
  }

  add(event: Waiting, owner: string | undefined): Promise<Receipt> {
    const own = { ...Promise.withResolvers<Receipt>(), event, owner, kept: false }
    // Who does not wait for it hears of a refusal from `refused`, and is not to fall over it.
    own.promise.catch(() => undefined)
    this.#all.set(event.id, own)
    this.#length += event.payload.length
    return own.promise
  }

  setKept(events: readonly Waiting[]): void {
    for (const { id } of events) {
      const own = this.#all.get(id)
      if (own !== undefined) own.kept = true
    }
  }

  /** What the store of that person was given; what was published before one knew by whom is the first one's. */
  keptOf(owner: string): readonly Waiting[] {
    return [...this.#all.values()]
      .filter((own) => own.kept && (own.owner ?? owner) === owner)
      .map(({ event }) => event)
  }

  settle(outcome: Outcome): void {
    const own = this.#all.get(outcome.id)
    if (own === undefined) return
    this.#all.delete(outcome.id)
    this.#length -= own.event.payload.length
    if ('seq' in outcome) own.resolve({ id: outcome.id, seq: outcome.seq })
    else own.reject(new Error(outcome.refusal.message, { cause: outcome.refusal }))
  }

  close(): void {
    for (const { reject } of this.#all.values()) reject(new Error('The room was closed'))
    this.#all.clear()
  }
}
