import type { Refusal } from '../state.ts'
import {
  type OutboxStore,
  type Outcome,
  type Refused,
  staysRefused,
  type Waiting,
  type WaitingRoom,
} from './outbox-store.ts'

interface Row extends Waiting {
  /** Whose, and of which room. */
  readonly box: string
  readonly refusal?: Refusal
  /** The device kept a copy of the room's document. */
  readonly copied?: boolean
}

const EVENTS = 'events'
const BOX = 'box'
/** Before the name of a box, for what was refused of it; nobody's boxes begin so. */
const REFUSED = 'refused:'
/** A page that was put to sleep keeps its lock. Two that send the same are no harm: an id is taken once, and all keep the order. */
const LOCK_LIMIT_MS = 5_000
/** Normally it is a matter of milliseconds; what is published must not wait for ever. */
const OPEN_LIMIT_MS = 3_000

/** In IndexedDB, shared by all pages of this device that have the same person in the same room. */
export class IndexedStore implements OutboxStore {
  readonly lasting = true
  readonly #db: IDBDatabase
  readonly #box: string
  readonly #copied: boolean
  readonly #channel: BroadcastChannel
  /** Where `first` found them. */
  readonly #keys = new Map<string, IDBValidKey>()

  private constructor(
    db: IDBDatabase,
    box: string,
    copied: boolean,
    heard: (outcomes: readonly Outcome[]) => void,
  ) {
    this.#db = db
    this.#box = box
    this.#copied = copied
    this.#channel = new BroadcastChannel(`${db.name}/${box}`)
    this.#channel.onmessage = ({ data }: MessageEvent<readonly Outcome[]>) => heard(data)
  }

  static get available(): boolean {
    return typeof indexedDB !== 'undefined' && typeof BroadcastChannel !== 'undefined'
  }

  /**
   * @param heard is told what other pages have settled, and of nothing where they have added or forgotten some
   * Rejects where the browser denies storage.
   */
  static async open(
    name: string,
    box: string,
    copied: boolean,
    heard: (outcomes: readonly Outcome[]) => void,
  ): Promise<IndexedStore> {
    return new IndexedStore(await openDatabase(name), box, copied, heard)
  }

  /** The rooms in which something waits, of the boxes whose names begin so. */
  static async rooms(name: string, prefix: string): Promise<readonly WaitingRoom[]> {
    const db = await openDatabase(name)
    try {
      const index = db.transaction(EVENTS).objectStore(EVENTS).index(BOX)
      const cursors = index.openCursor(IDBKeyRange.bound(prefix, `${prefix}\uffff`), 'nextunique')
      const found: WaitingRoom[] = []
      for (let at = await answerOf(cursors); at !== null; at = await answerOf(cursors)) {
        found.push({ name: String(at.key).slice(prefix.length), copied: (at.value as Row).copied })
        at.continue()
      }
      return found
    } finally {
      db.close()
    }
  }

  async add(events: readonly Waiting[]): Promise<void> {
    const transaction = this.#db.transaction(EVENTS, 'readwrite')
    const store = transaction.objectStore(EVENTS)
    for (const event of events) store.add({ ...event, box: this.#box, copied: this.#copied } satisfies Row)
    this.#takeBack(store, events)
    await endOf(transaction)
    this.#channel.postMessage([])
  }

  async first(limit: number): Promise<readonly Waiting[]> {
    const index = this.#db.transaction(EVENTS).objectStore(EVENTS).index(BOX)
    const [rows, keys] = await Promise.all([
      answerOf<Row[]>(index.getAll(this.#box, limit)),
      answerOf(index.getAllKeys(this.#box, limit)),
    ])
    this.#keys.clear()
    rows.forEach(({ id }, i) => {
      const key = keys[i]
      // Of two with one id the first is sent first.
      if (key !== undefined && !this.#keys.has(id)) this.#keys.set(id, key)
    })
    return rows.map(({ box, copied, ...event }) => event)
  }

  async settle(outcomes: readonly Outcome[]): Promise<void> {
    const transaction = this.#db.transaction(EVENTS, 'readwrite')
    const store = transaction.objectStore(EVENTS)
    for (const outcome of outcomes) {
      const key = this.#keys.get(outcome.id)
      const row: Row | undefined = staysRefused(outcome) ? { ...outcome, box: this.#refusedBox } : undefined
      if (row !== undefined) store.put(row, key)
      else if (key !== undefined) store.delete(key)
    }
    await endOf(transaction)
    this.#channel.postMessage(outcomes)
  }

  async refused(): Promise<readonly Refused[]> {
    const index = this.#db.transaction(EVENTS).objectStore(EVENTS).index(BOX)
    const rows = await answerOf<(Row & Refused)[]>(index.getAll(this.#refusedBox))
    return rows.map(({ box, ...event }) => event)
  }

  async forget(id: string): Promise<void> {
    const transaction = this.#db.transaction(EVENTS, 'readwrite')
    this.#takeBack(transaction.objectStore(EVENTS), [{ id }])
    await endOf(transaction)
    this.#channel.postMessage([])
  }

  async count(): Promise<number> {
    return answerOf(this.#db.transaction(EVENTS).objectStore(EVENTS).index(BOX).count(this.#box))
  }

  async alone(work: () => Promise<void>): Promise<void> {
    // There are none where the page came over plain HTTP.
    if (navigator.locks === undefined) return work()
    let begun = false
    try {
      await navigator.locks.request(
        this.#channel.name,
        { signal: AbortSignal.timeout(LOCK_LIMIT_MS) },
        async () => {
          begun = true
          await work()
        },
      )
    } catch (error) {
      if (begun) throw error
      await work()
    }
  }

  close(): void {
    this.#channel.close()
    this.#db.close()
  }

  get #refusedBox(): string {
    return `${REFUSED}${this.#box}`
  }

  /** In the transaction of `store`, which fails where this does. */
  #takeBack(store: IDBObjectStore, events: readonly { readonly id: string }[]): void {
    const ids = new Set(events.map(({ id }) => id))
    const cursors = store.index(BOX).openCursor(this.#refusedBox)
    cursors.onsuccess = () => {
      const at = cursors.result
      if (at === null) return
      if (ids.has((at.value as Row).id)) at.delete()
      at.continue()
    }
  }
}

async function openDatabase(name: string): Promise<IDBDatabase> {
  const opening = indexedDB.open(name, 1)
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore(EVENTS, { autoIncrement: true }).createIndex(BOX, BOX)
  }
  const db = await answerSoon(opening)
  db.onversionchange = () => db.close()
  return db
}

/** A database that the browser opens late is closed again: by then something else took its place. */
function answerSoon(opening: IDBOpenDBRequest): Promise<IDBDatabase> {
  let late = false
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      late = true
      reject(new Error('The database does not open'))
    }, OPEN_LIMIT_MS)
    answerOf(opening)
      .then((db) => (late ? db.close() : resolve(db)), reject)
      .finally(() => clearTimeout(limit))
  })
}

const answerOf = <Answer>(request: IDBRequest<Answer>): Promise<Answer> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })

const endOf = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
