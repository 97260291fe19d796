import type { Seq } from '../../log/entry.ts'
import type { Changes, InsertedKind } from './changes.ts'

/**
 * Consecutive entries `seq` … `seq + count - 1` that each brought `length` ids of one client: somebody typing.
 * Their clocks follow each other, from `clock` on.
 */
export interface InsertRun {
  readonly client: number
  readonly kind: InsertedKind
  readonly clock: number
  readonly length: number
  readonly seq: Seq
  readonly count: number
}

/**
 * Consecutive entries that each deleted `length` ids of one client, the first from `clock` on and each further one
 * `step` clocks on: -1 is somebody who holds the backspace key down.
 */
export interface DeleteRun {
  readonly client: number
  readonly clock: number
  readonly length: number
  readonly step: number
  readonly seq: Seq
  readonly count: number
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/** Finds the runs in what entry after entry changes. */
export class RunFinder {
  readonly inserts: InsertRun[] = []
  readonly deletes: DeleteRun[] = []
  /** Each client's last run, which the next entry may go on with. */
  readonly #inserting = new Map<number, Mutable<InsertRun>>()
  readonly #deleting = new Map<number, Mutable<DeleteRun>>()

  /** Takes the changes of an entry, which repeat nothing that earlier ones inserted. */
  add(seq: Seq, { inserted, deleted }: Pick<Changes, 'inserted' | 'deleted'>): void {
    for (const { client, clock, length, kind } of inserted) {
      const last = this.#inserting.get(client)
      if (last?.kind === kind && last.length === length && last.seq + last.count === seq) last.count += 1
      else {
        const run = { client, kind, clock, length, seq, count: 1 }
        this.#inserting.set(client, run)
        this.inserts.push(run)
      }
    }
    for (const { client, clock, length } of deleted) {
      const last = this.#deleting.get(client)
      if (last !== undefined && last.length === length && last.seq + last.count === seq) {
        const step = last.count === 1 ? clock - last.clock : last.step
        if (last.clock + step * last.count === clock) {
          last.step = step
          last.count += 1
          continue
        }
      }
      const run = { client, clock, length, step: 0, seq, count: 1 }
      this.#deleting.set(client, run)
      this.deletes.push(run)
    }
  }
}
