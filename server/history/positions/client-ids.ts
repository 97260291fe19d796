import type { Seq } from '../../log/entry.ts'
import type { InsertedKind } from '../updates/changes.ts'
import type { DeleteRun, InsertRun } from '../updates/runs.ts'

/** Whether some ids are there, and up to which clock (exclusive) that is so. */
export interface Stretch {
  readonly inside: boolean
  readonly end: number
}

/** Never deleted; else the seq of the entry that did it. */
const ALIVE = 0

/** Ids of one kind, one behind the other. */
interface Span {
  readonly clock: number
  length: number
  readonly kind: InsertedKind
  /** Where its first id stands in `deletedBy`; ids that were gone as they came have no place there. */
  readonly base: number
}

/**
 * When each id of one client came and when it went. Lengths of what was gone as it came are any number that a
 * client likes to write down, so only what takes bytes in an update has a place in an array.
 */
export class ClientIds {
  readonly #spans: Span[] = []
  /** What came when, in the order of both its clocks and its seqs. */
  readonly #runs: { -readonly [Key in keyof InsertRun]: InsertRun[Key] }[] = []
  #deletedBy = new Uint32Array(64)
  #places = 0
  #end = 0

  /** The first clock that has not come. */
  get end(): number {
    return this.#end
  }

  /** Takes a run whose clocks follow what has come. */
  insert(run: InsertRun): void {
    const { kind, length, seq, count } = run
    const last = this.#runs.at(-1)
    if (last?.length === length && last.seq + last.count === seq) last.count += count
    else this.#runs.push({ ...run })
    const total = length * count
    const span = this.#spans.at(-1)
    if (span?.kind === kind) span.length += total
    else this.#spans.push({ clock: this.#end, length: total, kind, base: this.#places })
    if (kind !== 'deleted') this.#reserve(total)
    this.#end += total
  }

  /** Marks what has not been deleted by an earlier entry; returns how much text of it nobody had deleted. */
  delete({ clock, length, step, seq, count }: DeleteRun): number {
    let text = 0
    for (let i = 0; i < count; i += 1) {
      const from = clock + step * i
      text += this.#delete(from, from + length, seq + i)
    }
    return text
  }

  /** The first clock that a position does not know. */
  knownAt(seq: Seq): number {
    const run = this.#runs[lastWhere(this.#runs, (candidate) => candidate.seq <= seq)]
    if (run === undefined) return 0
    return run.clock + run.length * Math.min(run.count, seq - run.seq + 1)
  }

  /** The entry that brought an id, and up to which clock it is the same one. */
  insertedBy(clock: number): { readonly seq: Seq; readonly end: number } {
    const run = this.#runs[lastWhere(this.#runs, (candidate) => candidate.clock <= clock)]
    if (run === undefined || clock >= this.#end) return { seq: 0, end: Number.POSITIVE_INFINITY }
    const index = Math.floor((clock - run.clock) / run.length)
    return { seq: run.seq + index, end: run.clock + run.length * (index + 1) }
  }

  /** The entry that deleted an id, 0 for none; what was gone as it came was deleted by what brought it. */
  deletedBy(clock: number): Seq {
    const span = this.#spans[this.#spanAt(clock)]
    if (span === undefined || clock >= this.#end) return 0
    if (span.kind === 'deleted') return this.insertedBy(clock).seq
    return this.#deletedBy[clock - span.clock + span.base] ?? 0
  }

  /** Whether ids that a position knows are deleted there, from `clock` on. */
  deletedAt(clock: number, end: number, seq: Seq): Stretch {
    let inside: boolean | undefined
    let at = clock
    for (let index = this.#spanAt(clock); at < end; index += 1) {
      const span = this.#spans[index]
      if (span === undefined) break
      const spanEnd = Math.min(end, span.clock + span.length)
      if (span.kind === 'deleted') {
        if (inside === false) return { inside, end: at }
        inside = true
        at = spanEnd
        continue
      }
      const shift = span.base - span.clock
      for (; at < spanEnd; at += 1) {
        const by = this.#deletedBy[at + shift] ?? 0
        const gone = by !== ALIVE && by <= seq
        if (inside === undefined) inside = gone
        else if (inside !== gone) return { inside, end: at }
      }
    }
    return { inside: inside ?? false, end }
  }

  /** In memory, about. */
  get bytes(): number {
    return this.#deletedBy.byteLength + this.#runs.length * 80 + this.#spans.length * 64
  }

  #delete(clock: number, end: number, seq: Seq): number {
    let text = 0
    for (let i = this.#spanAt(clock); i < this.#spans.length; i += 1) {
      const span = this.#spans[i]
      if (span === undefined || span.clock >= end) break
      if (span.kind === 'deleted') continue
      const from = Math.max(clock, span.clock) - span.clock + span.base
      const until = Math.min(end, span.clock + span.length) - span.clock + span.base
      for (let place = from; place < until; place += 1) {
        const by = this.#deletedBy[place] ?? ALIVE
        if (by === ALIVE && span.kind === 'text') text += 1
        if (by === ALIVE || by > seq) this.#deletedBy[place] = seq
      }
    }
    return text
  }

  #spanAt(clock: number): number {
    return Math.max(
      0,
      lastWhere(this.#spans, (span) => span.clock <= clock),
    )
  }

  #reserve(length: number): void {
    this.#places += length
    if (this.#places <= this.#deletedBy.length) return
    const grown = new Uint32Array(Math.max(this.#places, this.#deletedBy.length * 2))
    grown.set(this.#deletedBy)
    this.#deletedBy = grown
  }
}

/** The index of the last element for which it holds, where it holds for all before that one; -1 for none. */
function lastWhere<Value>(values: readonly Value[], holds: (value: Value) => boolean): number {
  let low = -1
  let high = values.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    const value = values[middle]
    if (value !== undefined && holds(value)) low = middle
    else high = middle - 1
  }
  return low
}
