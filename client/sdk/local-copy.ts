import { IndexeddbPersistence, PREFERRED_TRIM_SIZE, storeState } from 'y-indexeddb'
import * as Y from 'yjs'
import type { SaveTracker } from './save-tracker.ts'

/** Holds what the document was when it last was what the server has. */
const CONFIRMED = 'confirmed'
const CONFIRM_EVERY_MS = 1_000
/** A note looks at the whole document: it takes at most this part of the time, one in so many. */
const CONFIRM_SHARE = 50

/** Where y-indexeddb keeps updates and what else it is given, and how long after the last of many updates it makes one of them. */
const UPDATES = 'updates'
const CUSTOM = 'custom'
const COMPACT_AFTER_MS = 1_000

/**
 * The document's copy on this device. Nothing is ever put into the document but what was read from it.
 *
 * y-indexeddb opens and reads it, and makes one update of many. Writing is done here: its own listener throws where the
 * browser has closed the database, which stops the document for good (Yjs goes through no transaction after that), and it
 * writes on after a write that failed, whose later updates build on one that is not there.
 */
export class LocalCopy {
  readonly #doc: Y.Doc
  /** Undefined where the browser denies storage. */
  readonly #opened: Promise<IndexeddbPersistence | undefined>
  #store: IndexeddbPersistence | undefined
  readonly #tracker: SaveTracker
  #timer: ReturnType<typeof setTimeout> | undefined
  /** Before that, by `performance.now()`, nothing is noted. */
  #notedUntil = 0
  /** Updates that are written beside each other, about. */
  #rows = 0
  #compactTimer: ReturnType<typeof setTimeout> | undefined
  #compacted: Promise<unknown> | undefined
  #loaded = false
  #asking = false
  /** A write has failed: what comes after it is not kept either, until the copy is opened anew. */
  #failed = false
  #destroyed = false

  private constructor(name: string, doc: Y.Doc, tracker: SaveTracker) {
    this.#doc = doc
    this.#tracker = tracker
    this.#opened = this.#open(name)
  }

  /** Undefined where none is wanted, or the platform has no place for one. */
  static open(name: string | undefined, doc: Y.Doc, tracker: SaveTracker): LocalCopy | undefined {
    return name === undefined || typeof indexedDB === 'undefined'
      ? undefined
      : new LocalCopy(name, doc, tracker)
  }

  /** Whether an update came from this copy. */
  brought(origin: unknown): boolean {
    return this.#store !== undefined && origin === this.#store
  }

  /** Reads the copy into the document, and says how many of its changes the server never confirmed to this device. */
  async load(): Promise<void> {
    try {
      const store = await this.#opened
      // Where the browser denies storage, as some private windows do, the room works as one without a copy, and says so.
      if (store === undefined) return this.#fail()
      const confirmed: unknown = await store.get(CONFIRMED)
      await store.whenSynced
      forgetUnfounded(this.#doc)
      this.#loaded = true
      const before = confirmed instanceof Uint8Array ? Y.decodeSnapshot(confirmed) : Y.emptySnapshot
      this.#tracker.restoredCount(changesSince(this.#doc, before))
    } catch {
      // Taken away meanwhile: as if it were denied.
      this.#fail()
    }
  }

  /** A change was made: the tracker is told of it once it is written. */
  changed(): void {
    if (!this.#asking) void this.#ask()
  }

  /** The document is what the server has; worth a note, but not one per keystroke. */
  confirm(): void {
    if (this.#timer !== undefined || !this.#loaded || this.#failed) return
    const wait = Math.max(0, this.#notedUntil - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#tracker.saved === 'saved') this.#note().catch(() => undefined)
    }, wait)
  }

  /** Writes the document as it is, in the place of all updates, once those of other tabs are read. */
  rewrite(): void {
    if (this.#store === undefined || !this.#loaded || this.#failed || this.#destroyed) return
    this.#rows = 0
    this.#compacted = storeState(this.#store).then(
      () => this.changed(),
      () => this.#fail(),
    )
  }

  /** Resolves when what was written is on its way to disk; the database closes after its last write. */
  async destroy(): Promise<void> {
    this.#destroyed = true
    this.#doc.off('update', this.#write)
    clearTimeout(this.#timer)
    clearTimeout(this.#compactTimer)
    // At once: the session ends before what is waited for, and nothing is saved without one. Without the note, what is saved is
    // counted as unsaved at the next start, until the handshake: no reason not to close.
    const notes = this.#loaded && !this.#failed && this.#tracker.saved === 'saved'
    const noted = notes ? this.#note().catch(() => undefined) : undefined
    // Ended in the middle, it would put this document in the place of what another tab has written meanwhile.
    await this.#compacted
    // What is not read yet closes once it is open, which may take long.
    if (!this.#loaded) return void this.#store?.destroy().catch(() => undefined)
    await noted
    await this.#store?.destroy()
  }

  async #open(name: string): Promise<IndexeddbPersistence | undefined> {
    if (!(await canOpen(name)) || this.#destroyed) return undefined
    const store = new IndexeddbPersistence(name, this.#doc)
    this.#store = store
    this.#doc.off('update', store._storeUpdate)
    this.#doc.on('update', this.#write)
    void store.whenSynced.then(({ db, _dbsize }) => {
      this.#rows += _dbsize
      db?.addEventListener('abort', () => this.#fail())
    })
    return store
  }

  readonly #write = (update: Uint8Array, origin: unknown): void => {
    const db = this.#store?.db ?? null
    // Until it is open nothing needs to be written: it is opened with all that the document has by then.
    if (db === null || this.#failed || origin === this.#store) return
    try {
      db.transaction(UPDATES, 'readwrite').objectStore(UPDATES).add(update)
    } catch {
      this.#fail()
      return
    }
    this.#rows += 1
    if (this.#rows >= PREFERRED_TRIM_SIZE) this.#compactSoon()
  }

  #compactSoon(): void {
    clearTimeout(this.#compactTimer)
    this.#compactTimer = setTimeout(() => this.rewrite(), COMPACT_AFTER_MS)
  }

  #fail(): void {
    this.#failed = true
    if (!this.#destroyed) this.#tracker.keptUpTo(undefined)
  }

  async #ask(): Promise<void> {
    this.#asking = true
    try {
      const db = (await (await this.#opened)?.whenSynced)?.db ?? null
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
    const began = performance.now()
    const snapshot = Y.encodeSnapshot(Y.snapshot(this.#doc))
    const now = performance.now()
    this.#notedUntil = now + Math.max(CONFIRM_EVERY_MS, (now - began) * CONFIRM_SHARE)
    // Its declared type leaves out the views that IndexedDB stores as they are.
    await this.#store?.set(CONFIRMED, snapshot as unknown as ArrayBuffer)
  }
}

/**
 * Whether the browser gives the copy a place, which is made here as y-indexeddb makes it: where none is given, that has a
 * rejection that nobody can hear.
 */
const canOpen = (name: string): Promise<boolean> =>
  new Promise((resolve) => {
    try {
      const opening = indexedDB.open(name)
      opening.addEventListener('upgradeneeded', () => {
        opening.result.createObjectStore(UPDATES, { autoIncrement: true })
        opening.result.createObjectStore(CUSTOM)
      })
      opening.addEventListener('success', () => {
        opening.result.close()
        resolve(true)
      })
      opening.addEventListener('error', () => resolve(false))
    } catch {
      // How some deny it.
      resolve(false)
    }
  })

/**
 * What was written behind a write that failed builds on what is not here, and a document that brings it along is refused. Where
 * another tab still has what is missing, it has this too.
 */
const forgetUnfounded = ({ store }: Y.Doc): void => {
  store.pendingStructs = null
  store.pendingDs = null
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
