import { MAX_WAITING } from './outbox-batch.ts'
import type { OutboxStore, Waiting } from './outbox-store.ts'
import { MemoryStore } from './outbox-store.ts'

export interface OwnerStoresOptions {
  readonly open: (owner: string) => Promise<OutboxStore>
  /** What this page has given that person's store and nothing has come of yet. */
  readonly kept: (owner: string) => readonly Waiting[]
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
    try {
      await addMissing(store, kept)
    } catch {
      store.close()
      store = new MemoryStore()
      this.#opened.set(owner, store)
      await store.add(kept)
    }
    if (failed === this.#now) this.#now = store
  }
}

async function addMissing(store: OutboxStore, events: readonly Waiting[]): Promise<void> {
  const there = new Set((await store.first(MAX_WAITING)).map(({ id }) => id))
  const missing = events.filter(({ id }) => !there.has(id))
  if (missing.length > 0) await store.add(missing)
}
