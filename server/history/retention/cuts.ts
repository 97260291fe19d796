import type { Entry } from '../../log/entry.ts'
import { type Cutoffs, type Pins, wanted } from '../../log/thin.ts'

/** A pause that ends an editing session, and the longest that one may be, in ms. */
const GAP = 15 * 60 * 1000
const LONGEST = 4 * 60 * 60 * 1000
/** The most bytes that are merged into one entry: an entry is held in memory whole. */
const LARGEST = 4 * 1024 * 1024

/** What history lays aside of a room ends at multiples of this, and it reads the log on from there. */
const STRIDE = 2_000

/** Entries that are going to be one, so far. */
export interface Group {
  readonly entries: readonly Entry[]
  readonly bytes: number
}

/** Whether the position of a group's last entry stays, seen what comes after it. */
export function keeps(group: Group, next: Entry | undefined, pins: Pins, cutoffs: Cutoffs): boolean {
  const [first, last] = [group.entries[0], group.entries.at(-1)]
  if (first === undefined || last === undefined) return false
  const stage = wanted(last.at, cutoffs)
  if (next === undefined || (pins.get(last.seq) ?? 0) >= stage || last.seq % STRIDE === 0) return true
  if (group.bytes + next.bytes.length > LARGEST) return true
  if (stage !== wanted(next.at, cutoffs)) return true
  if (stage === 2) return false
  const ends = next.at - (first.merged?.since ?? first.at) > LONGEST
  return ends || (next.merged?.since ?? next.at) - last.at > GAP
}
