import type { Session } from '../api.ts'

/** Handles move in so many steps across a session at most; across a shorter one, entry by entry. */
const MOST_STEPS = 24

/**
 * Places on the strip against seqs of the log: every session is as wide as any other, so that a short one can
 * be pointed at too. Place 0 is before the oldest session shown, place n behind the nth.
 */
export class StripScale {
  readonly sessions: readonly Session[]

  /** @param newestFirst as the timeline has them */
  constructor(newestFirst: readonly Session[]) {
    this.sessions = newestFirst.toReversed()
  }

  get length(): number {
    return this.sessions.length
  }

  get step(): number {
    const entries = this.sessions.map(({ firstSeq, lastSeq }) => lastSeq - firstSeq + 1)
    return 1 / Math.min(MOST_STEPS, Math.max(1, ...entries))
  }

  seqAt(place: number): number {
    const index = Math.min(Math.floor(place), this.length - 1)
    const session = this.sessions[index]
    if (session === undefined) return 0
    const entries = session.lastSeq - session.firstSeq + 1
    return session.firstSeq - 1 + Math.round((place - index) * entries)
  }

  placeOf(seq: number): number {
    const index = this.sessions.findIndex(({ lastSeq }) => seq <= lastSeq)
    const session = this.sessions[index]
    if (session === undefined) return this.length
    const entries = session.lastSeq - session.firstSeq + 1
    return index + Math.max(0, seq - session.firstSeq + 1) / entries
  }

  /** When the position at a place came about. */
  timeAt(place: number): string | undefined {
    const index = Math.ceil(place) - 1
    if (index < 0) return this.sessions[0]?.startedAt
    return this.sessions[Math.min(index, this.length - 1)]?.endedAt
  }
}
