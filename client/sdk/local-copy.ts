import { IndexeddbPersistence } from 'y-indexeddb'
import * as Y from 'yjs'

/** Holds what the document was when the server had last confirmed all of this device's changes. */
const CONFIRMED = 'confirmed'
const CONFIRM_EVERY_MS = 1_000

/** The document's copy on this device. Nothing is ever put into the document but what was read from it. */
export class LocalCopy {
  readonly #doc: Y.Doc
  readonly #store: IndexeddbPersistence
  readonly #isSaved: () => boolean
  #timer: ReturnType<typeof setTimeout> | undefined
  #confirmedAt = 0
  #loaded = false

  constructor(name: string, doc: Y.Doc, isSaved: () => boolean) {
    this.#doc = doc
    this.#isSaved = isSaved
    this.#store = new IndexeddbPersistence(name, doc)
  }

  static get available(): boolean {
    return typeof indexedDB !== 'undefined'
  }

  /** Whether an update came from this copy. */
  brought(origin: unknown): boolean {
    return origin === this.#store
  }

  /**
   * Reads the copy into the document; resolves with how many of its changes the server never confirmed to this
   * device. Rejects where the browser denies storage, as some private windows do.
   */
  async load(): Promise<number> {
    // Asked for at once: it rejects when the database cannot be opened, which the store alone never tells.
    const confirmed: unknown = await this.#store.get(CONFIRMED)
    await this.#store.whenSynced
    this.#loaded = true
    return changesSince(
      this.#doc,
      confirmed instanceof Uint8Array ? Y.decodeSnapshot(confirmed) : Y.emptySnapshot,
    )
  }

  /** The server has confirmed everything; worth a note, but not one per keystroke. */
  confirm(): void {
    if (this.#timer !== undefined || !this.#loaded) return
    const wait = Math.max(0, this.#confirmedAt + CONFIRM_EVERY_MS - Date.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#isSaved()) this.#note().catch(() => undefined)
    }, wait)
  }

  /** Resolves when what was written is on its way to disk; the database closes after its last write. */
  async destroy(): Promise<void> {
    clearTimeout(this.#timer)
    // Where storage is denied there is nothing to close, and asking would only fail again.
    if (!this.#loaded) return void this.#store.destroy().catch(() => undefined)
    if (this.#isSaved()) await this.#note()
    await this.#store.destroy()
  }

  async #note(): Promise<void> {
    this.#confirmedAt = Date.now()
    const snapshot = Y.encodeSnapshot(Y.snapshot(this.#doc))
    // Its declared type leaves out the views that IndexedDB stores as they are.
    await this.#store.set(CONFIRMED, snapshot as unknown as ArrayBuffer)
  }
}

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
