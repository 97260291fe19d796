import type { Stretch } from '../positions/client-ids.ts'

/** `length` clock ticks of one client from `clock` on: the shape of Yjs' own delete sets. */
export interface IdRange {
  readonly clock: number
  readonly len: number
}

/** A set of Yjs ids, as ranges of clocks per client. */
export class IdRanges {
  readonly #clients = new Map<number, ClientRanges>()

  static of(clients: ReadonlyMap<number, readonly IdRange[]>): IdRanges {
    const ranges = new IdRanges()
    for (const [client, list] of clients) ranges.#clients.set(client, new ClientRanges([...list]))
    return ranges
  }

  add(client: number, clock: number, len: number): void {
    if (len === 0) return
    const ranges = this.#clients.get(client)
    if (ranges === undefined) this.#clients.set(client, new ClientRanges([{ clock, len }]))
    else ranges.add({ clock, len })
  }

  /** Whether `clock` is in the set, and up to where that stays so within `end`. */
  stretch(client: number, clock: number, end: number): Stretch {
    return this.#clients.get(client)?.stretch(clock, end) ?? { inside: false, end }
  }

  get empty(): boolean {
    return this.#clients.size === 0
  }

  /** Clients, each with its ranges in order, none touching the next. */
  *[Symbol.iterator](): Generator<readonly [client: number, ranges: readonly IdRange[]]> {
    for (const [client, ranges] of this.#clients) yield [client, ranges.merged()]
  }
}

class ClientRanges {
  #ranges: IdRange[]
  #merged: boolean
  /** Whoever walks a document asks for neighbours mostly: the range of the last answer, or the next, is the one. */
  #last = 0

  constructor(ranges: IdRange[]) {
    this.#ranges = ranges
    this.#merged = isMerged(ranges)
  }

  add(range: IdRange): void {
    this.#ranges.push(range)
    this.#merged = false
  }

  merged(): readonly IdRange[] {
    if (!this.#merged) {
      this.#ranges = merge(this.#ranges)
      this.#merged = true
      this.#last = 0
    }
    return this.#ranges
  }

  stretch(clock: number, end: number): Stretch {
    const ranges = this.merged()
    let index = this.#last
    if (!isFirstEndingAfter(ranges, index, clock)) {
      index += 1
      if (!isFirstEndingAfter(ranges, index, clock)) index = firstEndingAfter(ranges, clock)
    }
    this.#last = index
    const range = ranges[index]
    if (range === undefined) return { inside: false, end }
    if (range.clock > clock) return { inside: false, end: Math.min(end, range.clock) }
    return { inside: true, end: Math.min(end, range.clock + range.len) }
  }
}

const endOf = ({ clock, len }: IdRange): number => clock + len

function isFirstEndingAfter(ranges: readonly IdRange[], index: number, clock: number): boolean {
  const before = ranges[index - 1]
  if (before !== undefined && endOf(before) > clock) return false
  const range = ranges[index]
  return range === undefined ? index === ranges.length : endOf(range) > clock
}

function firstEndingAfter(ranges: readonly IdRange[], clock: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const range = ranges[middle]
    if (range !== undefined && endOf(range) > clock) high = middle
    else low = middle + 1
  }
  return low
}

function isMerged(ranges: readonly IdRange[]): boolean {
  let end = -1
  for (const range of ranges) {
    if (range.clock <= end) return false
    end = endOf(range)
  }
  return true
}

function merge(ranges: readonly IdRange[]): IdRange[] {
  const merged: IdRange[] = []
  for (const range of ranges.toSorted((a, b) => a.clock - b.clock)) {
    const last = merged.at(-1)
    if (last === undefined || range.clock > endOf(last)) merged.push(range)
    else if (endOf(range) > endOf(last)) {
      merged[merged.length - 1] = { clock: last.clock, len: endOf(range) - last.clock }
    }
  }
  return merged
}
