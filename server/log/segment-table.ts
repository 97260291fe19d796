import type { Queryable } from '../storage/transaction.ts'
import { type Entry, firstOf, type RoomId } from './entry.ts'

/** Entries in a segment. Larger ones compress little better (5 %) and cost more to read a part of. */
export const SEGMENT_ENTRIES = 1_000
/** A segment of large entries ends early: packing holds it in memory several times over. */
export const SEGMENT_BYTES = 8 * 1024 * 1024
/**
 * A segment is thinned when its last entry is due: this is the longest that its first one waits, in ms, unless they are
 * fewer than make up for a segment of their own.
 */
const LONGEST_SPAN = 30 * 24 * 60 * 60 * 1000
const FEWEST_ENTRIES = 3

/** How a segment was thinned: not at all, to one entry a session, to one entry a version. */
export type Stage = 0 | 1 | 2

/** Consecutive entries, and what `encodeSegment` made of them. */
export interface NewSegment {
  readonly entries: readonly Entry[]
  readonly bytes: Uint8Array
  readonly stage: Stage
}

/** Entries that are going to be a segment, so far. */
interface Run {
  readonly first: Entry | undefined
  readonly count: number
  readonly bytes: number
}

/** Whether an entry goes into another segment than those before it. */
export const endsSegment = ({ first, count, bytes }: Run, next: Entry): boolean =>
  first !== undefined &&
  (count === SEGMENT_ENTRIES ||
    bytes + next.bytes.length > SEGMENT_BYTES ||
    (next.at - first.at > LONGEST_SPAN && count >= FEWEST_ENTRIES))

/** Writes a segment, in the transaction that takes away whatever else stands for its positions. */
export async function insertSegment(
  client: Queryable,
  room: RoomId,
  { entries, bytes, stage }: NewSegment,
): Promise<void> {
  const [first, last] = [entries[0], entries.at(-1)]
  if (first === undefined || last === undefined) throw new RangeError('a segment has at least one entry')
  const times = entries.flatMap(({ at, merged }) => [at, merged?.since ?? at])
  await client.query(
    `insert into room_segments (room_id, first_seq, last_seq, first_at, last_at, bytes, stage)
     values ($1, $2, $3, to_timestamp($4 / 1000.0), to_timestamp($5 / 1000.0), $6, $7)`,
    [
      room,
      firstOf(first),
      last.seq,
      times.reduce((one, other) => Math.min(one, other)),
      times.reduce((one, other) => Math.max(one, other)),
      bytes,
      stage,
    ],
  )
}
