import { firstOf, isEvent, SEVERAL, type Seq } from '../../log/entry.ts'
import type { Effect } from '../positions/change-index.ts'
import type { HistoryEntry } from '../positions/history-document.ts'
import { extended, type Slice, sliceOf } from '../timeline/slices.ts'
import type { Reason } from './versions.ts'

/** A version is kept where nobody did anything for so long (ms), and of each so many characters of change. */
export const VERSION_IDLE = 10 * 60_000
const VERSION_CHARACTERS = 10_000

/** How far a room's activity and automatic versions have come. */
export interface Progress {
  /** The newest slice, which may go on. */
  readonly slice: Slice | undefined
  /** The last automatic version, and the characters of change since then. */
  readonly version: Seq
  readonly changed: number
}

export interface Grown {
  /** As they are now; the first may be the newest of before. */
  readonly slices: readonly Slice[]
  readonly versions: readonly { readonly seq: Seq; readonly at: number; readonly reason: Reason }[]
}

export interface IndexedEntry {
  readonly entry: HistoryEntry
  readonly effect: Effect
}

/** The slices that entries make, and the versions that are kept where people paused or have changed much. */
export function grow(
  { slice: newest, version, changed: before }: Progress,
  entries: Iterable<IndexedEntry>,
): Grown {
  const slices: Slice[] = []
  const versions: { seq: Seq; at: number; reason: Reason }[] = []
  let slice = newest
  let last = version
  let changed = before
  const keep = (reason: Reason, { lastSeq, lastAt }: Slice) => {
    if (lastSeq > last) versions.push({ seq: lastSeq, at: lastAt, reason })
    last = lastSeq
    changed = 0
  }
  for (const { entry, effect } of entries) {
    const first = firstOf(entry)
    const done = {
      ...effect,
      seq: entry.seq,
      first,
      edits: isEvent(entry) ? 0 : entry.seq - first + 1,
      since: entry.merged?.since ?? entry.at,
      at: entry.at,
      actor: entry.actor,
      others: entry.actor === SEVERAL ? (entry.merged?.actors ?? []) : [],
    }
    const longer = extended(slice, done)
    if (longer === undefined && slice !== undefined) {
      slices.push(slice)
      if (done.since - slice.lastAt >= VERSION_IDLE) keep('idle', slice)
      else if (changed >= VERSION_CHARACTERS) keep('size', slice)
    }
    slice = longer ?? sliceOf(done)
    changed += effect.inserted + effect.deleted
  }
  if (slice !== undefined) slices.push(slice)
  return { slices, versions }
}
