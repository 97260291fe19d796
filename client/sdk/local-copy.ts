import { IndexeddbPersistence } from 'y-indexeddb'
import * as Y from 'yjs'
import type { SaveTracker } from './save-tracker.ts'

/** Holds what the document was when the server had last confirmed all of this device's changes. */
const CONFIRMED = 'confirmed'
const CONFIRM_EVERY_MS = 1_000

/** Where y-indexeddb writes updates. */
const UPDATES = 'updates'

/** The document's copy on this device. Nothing is ever put into the document but what was read from it. */
export class LocalCopy {
  readonly #doc: Y.Doc
  readonly #store: IndexeddbPersistence
  readonly #tracker: SaveTracker
  #timer: ReturnType<typeof setTimeout> | undefined
  #confirmedAt = 0
  #loaded = false
  #asking = false
  /** A write has failed: what comes after it is not kept either, until the copy is opened anew. */
  #failed = false
  #destroyed = false

  constructor(name: string, doc: Y.Doc, tracker: SaveTracker) {
    this.#doc = doc
    this.#tracker = tracker
    this.#store = new IndexeddbPersistence(name, doc)
    void this.#store.whenSynced.then(({ db }) => {
      db?.addEventListener('abort', () => {
        this.#failed = true
      })
    })
  }

  static get available(): boolean {
    return typeof indexedDB !== 'undefined'
  }

  /** Whether an update came from this copy. */
  brought(origin: unknown): boolean {
    return origin === this.#store
  }

  /** Reads the copy into the document, and says how many of its changes the server never confirmed to this device. */
  async load(): Promise<void> {
    try {
      // Asked for at once: it rejects when the database cannot be opened, which the store alone never tells.
      const confirmed: unknown = await this.#store.get(CONFIRMED)
      await this.#store.whenSynced
      this.#loaded = true
      const before = confirmed instanceof Uint8Array ? Y.decodeSnapshot(confirmed) : Y.emptySnapshot
      this.#tracker.restoredCount(changesSince(this.#doc, before))
    } catch {
      // Where the browser denies storage, as some private windows do, the room works as one without a copy, and says so.
      this.#tracker.keptUpTo(undefined)
    }
  }

  /** A change was made: the tracker is told of it once it is written. */
  changed(): void {
    if (!this.#asking) void this.#ask()
  }

  /** The server has confirmed everything; worth a note, but not one per keystroke. */
  confirm(): void {
    if (this.#timer !== undefined || !this.#loaded) return
    const wait = Math.max(0, this.#confirmedAt + CONFIRM_EVERY_MS - Date.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#tracker.saved === 'saved') this.#note().catch(() => undefined)
    }, wait)
  }

  /** Resolves when what was written is on its way to disk; the database closes after its last write. */
  async destroy(): Promise<void> {
    this.#destroyed = true
    clearTimeout(this.#timer)
    // Where storage is denied there is nothing to close, and asking would only fail again.
    if (!this.#loaded) return void this.#store.destroy().catch(() => undefined)
    if (this.#tracker.saved === 'saved') await this.#note()
    await this.#store.destroy()
  }

  async #ask(): Promise<void> {
    this.#asking = true
    try {
      const { db } = await this.#store.whenSynced
      for (let told = -1; db !== null && told < this.#tracker.latest && !this.#destroyed; ) {
        told = this.#tracker.latest
        await writtenIn(db)
        if (!this.#destroyed) this.#tracker.keptUpTo(this.#failed ? undefined : told)
      }
    } catch {
      // The browser has closed the database, and says so to whoever asks.
      if (!this.#destroyed) this.#tracker.keptUpTo(undefined)
    } finally {
      this.#asking = false
    }
  }

  async #note(): Promise<void> {
    this.#confirmedAt = Date.now()
    const snapshot = Y.encodeSnapshot(Y.snapshot(this.#doc))
    // Its declared type leaves out the views that IndexedDB stores as they are.
    await this.#store.set(CONFIRMED, snapshot as unknown as ArrayBuffer)
  }
}

/** Resolves when all is written that was to be until now: a transaction waits for those before it that write where it reads. */
const writtenIn = (db: IDBDatabase): Promise<void> =>
  new Promise((resolve, reject) => {
    const transaction = db.transaction(UPDATES, 'readonly')
    transaction.objectStore(UPDATES).getKey(0)
    transaction.addEventListener('complete', () => resolve())
    transaction.addEventListener('abort', () => reject(new Error('the copy on this device cannot be read')))
  })

/** Inserted and deleted elements that `doc` has beyond `before`. */
export const changesSince = (doc: Y.Doc, before: Y.Snapshot): number => {
  const now = Y.snapshot(doc)
  let count = 0
  for (const [client, clock] of now.sv) count += Math.max(0, clock - (before.sv.get(client) ?? 0))
  return count + Math.max(0, deletedIn(now) - deletedIn(before))
}

const deletedIn = (snapshot: Y.Snapshot): number => {
  let count = 0
  for (const ranges of snapshot.ds.clients.values()) for (const range of ranges) count += range.len
  return count
}
