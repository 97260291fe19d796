import type { Seq } from '../../log/entry.ts'
import { type Share, type Slice, together } from './slices.ts'

/** Slices that follow each other as one, or a slice by itself. */
export interface Stretch extends Slice {
  /** 0 for a slice, and one more than that of what it is made of. */
  readonly level: number
  /** When its first slice began and its last one ended: not `firstAt` and `lastAt` where a clock has gone back. */
  readonly beganAt: number
  readonly endedAt: number
  /** The longest pause between two of its slices, and the one before the first, in ms. */
  readonly pause: number
  readonly pauseBefore: number
}

/** How long what a stretch is made of may go on to begin, by level, in ms. */
const SPANS = [0, 15 * 60_000, 2 * 3_600_000, 16 * 3_600_000] as const
export const TOP_LEVEL = SPANS.length - 1
/** The most that one is made of, should clocks stand still. */
const MOST = 64
/** Stretches are read that are so many times shorter than what is made of them, or the shortest that there are. */
const FINENESS = 8

/** The level to make sessions of this length (ms) out of. */
export const levelFor = (length: number): number =>
  Math.max(
    1,
    SPANS.findLastIndex((span) => span * FINENESS <= length),
  )

/** A slice as a stretch, given when the one before it ended. */
export const stretchOf = (slice: Slice, endedBefore: number): Stretch => ({
  ...slice,
  level: 0,
  beganAt: slice.firstAt,
  endedAt: slice.lastAt,
  pause: Number.NEGATIVE_INFINITY,
  pauseBefore: slice.firstAt - endedBefore,
})

/** Stretches out of those of the level below, oldest first. Where one ends depends on when it began and nothing else. */
export async function* stretchesOf(parts: AsyncIterable<Stretch>): AsyncGenerator<Stretch> {
  let current: Stretch | undefined
  let count = 0
  for await (const part of parts) {
    const span = SPANS[part.level + 1] ?? 0
    if (current !== undefined && part.beganAt - current.beganAt < span && count < MOST) {
      current = joined(current, part)
      count += 1
    } else {
      if (current !== undefined) yield current
      current = { ...part, level: part.level + 1 }
      count = 1
    }
  }
  if (current !== undefined) yield current
}

const joined = (one: Stretch, next: Stretch): Stretch => ({
  level: one.level,
  firstSeq: one.firstSeq,
  lastSeq: next.lastSeq,
  beganAt: one.beganAt,
  endedAt: next.endedAt,
  firstAt: Math.min(one.firstAt, next.firstAt),
  lastAt: Math.max(one.lastAt, next.lastAt),
  pause: Math.max(one.pause, next.pauseBefore, next.pause),
  pauseBefore: one.pauseBefore,
  people: peopleOf([one, next]),
})

/** What each person did in all of these. */
export function peopleOf(parts: readonly Slice[]): ReadonlyMap<string, Share> {
  const people = new Map<string, Share>()
  for (const part of parts)
    for (const [person, share] of part.people) people.set(person, together(people.get(person), share))
  return people
}

/** Reads a stretch in its parts, oldest first. */
export type Open = (stretch: Stretch) => Promise<readonly Stretch[]>

/**
 * When the work began that goes on at a position: after the last pause so long, of those in or before this stretch.
 * Undefined where there is none.
 */
export async function lastBreak(
  stretch: Stretch,
  seq: Seq,
  gap: number,
  open: Open,
): Promise<number | undefined> {
  if (stretch.firstSeq > seq) return undefined
  if (stretch.pause >= gap) {
    for (const part of (await open(stretch)).toReversed()) {
      const found = await lastBreak(part, seq, gap, open)
      if (found !== undefined) return found
    }
  }
  return stretch.pauseBefore >= gap ? stretch.beganAt : undefined
}
