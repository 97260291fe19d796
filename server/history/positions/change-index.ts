import type { Seq } from '../../log/entry.ts'
import type { Changes } from '../updates/changes.ts'
import type { DeleteRun, InsertRun } from '../updates/runs.ts'
import type { IdRange } from '../updates/structs.ts'
import { ClientIds, type Stretch } from './client-ids.ts'

/** What an entry really did: what was known before it is not counted. */
export interface Effect {
  /** UTF-16 code units of text that came, and that went. */
  readonly inserted: number
  readonly deleted: number
}

/**
 * Which entry brought each id of a document and which one deleted it. Every position follows from it: an id is
 * visible at `seq` where it came at or before, and did not go until after.
 */
export class ChangeIndex {
  readonly #clients = new Map<number, ClientIds>()

  /**
   * Takes the next entry. What it repeats counts for nothing: a client that reconnects may send all it has.
   * @throws RangeError where it builds on ids that no entry has brought
   */
  add(seq: Seq, { inserted, deleted }: Pick<Changes, 'inserted' | 'deleted'>): Effect {
    const effect = { inserted: 0, deleted: 0 }
    for (const { client, clock, length, kind } of inserted) {
      const ids = this.#ids(client)
      if (clock > ids.end) throw new RangeError(`entry ${seq} builds on one that is not in the log`)
      const fresh = clock + length - ids.end
      if (fresh <= 0) continue
      ids.insert({ client, kind, clock: ids.end, length: fresh, seq, count: 1 })
      if (kind === 'text') effect.inserted += fresh
    }
    for (const { client, clock, length } of deleted) {
      const ids = this.#clients.get(client)
      if (ids === undefined || clock + length > ids.end)
        throw new RangeError(`entry ${seq} deletes what is not in the log`)
      effect.deleted += ids.delete({ client, clock, length, step: 0, seq, count: 1 })
    }
    return effect
  }

  /** @throws RangeError where the runs do not follow what was taken before them */
  addRuns(inserts: readonly InsertRun[], deletes: readonly DeleteRun[]): void {
    for (const run of inserts) {
      const ids = this.#ids(run.client)
      if (run.clock !== ids.end) throw new RangeError(`a run of entry ${run.seq} does not follow`)
      ids.insert(run)
    }
    for (const run of deletes) this.#ids(run.client).delete(run)
  }

  get clients(): IterableIterator<number> {
    return this.#clients.keys()
  }

  /** The first clock of a client that a position does not know. */
  knownAt(client: number, seq: Seq): number {
    return this.#clients.get(client)?.knownAt(seq) ?? 0
  }

  /** The entry that brought an id, and up to which clock it is the same one. */
  insertedBy(client: number, clock: number): { readonly seq: Seq; readonly end: number } {
    return this.#clients.get(client)?.insertedBy(clock) ?? { seq: 0, end: Number.POSITIVE_INFINITY }
  }

  /** The entry that deleted an id; 0 for none. */
  deletedBy(client: number, clock: number): Seq {
    return this.#clients.get(client)?.deletedBy(clock) ?? 0
  }

  /** Whether an id that is known at a position is deleted there, and up to where within `end`. */
  deletedAt(client: number, clock: number, end: number, seq: Seq): Stretch {
    return this.#clients.get(client)?.deletedAt(clock, end, seq) ?? { inside: false, end }
  }

  /** All that is deleted at a position, each client's ranges in the order of their clocks and none touching the next. */
  *deletionsAt(seq: Seq): Generator<IdRange> {
    for (const [client, ids] of this.#clients) {
      const known = ids.knownAt(seq)
      for (let clock = 0; clock < known; ) {
        const { inside, end } = ids.deletedAt(clock, known, seq)
        if (inside) yield { client, clock, length: end - clock }
        clock = end
      }
    }
  }

  /** In memory, about. */
  get bytes(): number {
    let bytes = 0
    for (const ids of this.#clients.values()) bytes += ids.bytes
    return bytes
  }

  #ids(client: number): ClientIds {
    const known = this.#clients.get(client)
    if (known !== undefined) return known
    const created = new ClientIds()
    this.#clients.set(client, created)
    return created
  }
}
