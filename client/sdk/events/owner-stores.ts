import { MAX_WAITING } from './outbox-batch.ts'
import { MemoryStore, type OutboxStore, type Refused, type Waiting } from './outbox-store.ts'

export interface OwnerStoresOptions {
  readonly open: (owner: string) => Promise<OutboxStore>
  /** What this page has given that person's store and nothing has come of yet. */
  readonly kept: (owner: string) => readonly Waiting[]
  /** What is known to be refused of whoever is here. */
  readonly refused: () => readonly Refused[]
}

/** What events are kept in: a store for each who was here, that of whoever is here now, and another one where it is lost. */
export class OwnerStores {
  readonly #options: OwnerStoresOptions
  /** Of each who was here: what another page settles, it tells whoever is here. */
  readonly #opened = new Map<string, OutboxStore>()
  /** Before it is known whose they are, events wait in memory. */
  #now: OutboxStore = new MemoryStore()
  /** Whose that is. */
  #owner: string | undefined
  #replacing: Promise<void> | undefined

  constructor(options: OwnerStoresOptions) {
    this.#options = options
  }

  get now(): OutboxStore {
    return this.#now
  }

  async change(owner: string): Promise<void> {
    this.#now = await this.#open(owner)
    this.#owner = owner
  }

  /** A store that fails may have lost its connection: it is opened anew, and one in memory is what is left after that. */
  async add(events: readonly Waiting[]): Promise<void> {
    const store = this.#now
    try {
      await store.add(events)
    } catch (error) {
      if (Object(error).name === 'QuotaExceededError') throw error
      await this.#replace(store)
      await addMissing(this.#now, events)
    }
  }

  async count(): Promise<number> {
    const store = this.#now
    return store.count().catch(async () => {
      await this.#replace(store)
      return this.#now.count()
    })
  }

  close(): void {
    for (const store of this.#opened.values()) store.close()
  }

  /** A person's store is opened once: what other pages tell it would come twice. */
  async #open(owner: string): Promise<OutboxStore> {
    const before = this.#opened.get(owner)
    if (before !== undefined) return before
    const store = await this.#options.open(owner)
    this.#opened.set(owner, store)
    return store
  }

  async #replace(failed: OutboxStore): Promise<void> {
    const owner = this.#owner
    if (failed !== this.#now || owner === undefined) return
    this.#replacing ??= this.#replaceFor(owner, failed).finally(() => {
      this.#replacing = undefined
    })
    await this.#replacing
  }

  async #replaceFor(owner: string, failed: OutboxStore): Promise<void> {
    this.#opened.delete(owner)
    failed.close()
    let store = await this.#open(owner)
    // It may be another one than was lost, with nothing in it: what this page published it goes on with.
    const kept = this.#options.kept(owner)
    const refused = this.#options.refused()
    try {
      await addMissing(store, kept, refused)
    } catch {
      store.close()
      store = new MemoryStore()
      this.#opened.set(owner, store)
      await addMissing(store, kept, refused)
    }
    if (failed === this.#now) this.#now = store
  }
}

async function addMissing(
  store: OutboxStore,
  events: readonly Waiting[],
  refused: readonly Refused[] = [],
): Promise<void> {
  const missing = notIn(events, await store.first(MAX_WAITING))
  if (missing.length > 0) await store.add(missing)
  const missed = notIn(refused, await store.refused())
  if (missed.length > 0) await store.settle(missed)
}

function notIn<Event extends Waiting>(
  events: readonly Event[],
  others: readonly Waiting[],
): readonly Event[] {
  const ids = new Set(others.map(({ id }) => id))
  return events.filter(({ id }) => !ids.has(id))
}
