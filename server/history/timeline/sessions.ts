import type { Seq } from '../../log/entry.ts'
import { type Share, type Slice, together } from './slices.ts'

/** Some time in which people were at work on a room, as a reader wants it divided. */
export interface Session {
  readonly firstSeq: Seq
  readonly lastSeq: Seq
  readonly firstAt: number
  readonly lastAt: number
  readonly people: ReadonlyMap<string, Share>
}

export interface Division {
  /** Nothing done for so long ends a session, in ms. */
  readonly gap: number
  /** A session that goes on for longer than this is divided, in ms. */
  readonly length: number
}

/**
 * Groups slices into sessions, newest first, both of them. Where one is divided depends on when its work began,
 * never on where the reading starts: it stays the same while newer entries come.
 */
export async function* sessionsOf(slices: AsyncIterable<Slice>, division: Division): AsyncGenerator<Session> {
  let group: Slice[] = []
  for await (const slice of slices) {
    const later = group.at(-1)
    if (later !== undefined && later.firstAt - slice.lastAt >= division.gap) {
      yield* divided(group.toReversed(), division.length).toReversed()
      group = []
    }
    group.push(slice)
  }
  yield* divided(group.toReversed(), division.length).toReversed()
}

/** Slices without a gap between them, oldest first, as sessions of at most this length. */
function divided(slices: readonly Slice[], length: number): readonly Session[] {
  const sessions: Slice[][] = []
  for (const slice of slices) {
    const current = sessions.at(-1)
    const [first] = current ?? []
    if (current === undefined || first === undefined || slice.lastAt - first.firstAt > length)
      sessions.push([slice])
    else current.push(slice)
  }
  return sessions.map(merged)
}

function merged(slices: readonly Slice[]): Session {
  const people = new Map<string, Share>()
  for (const slice of slices) {
    for (const [person, share] of slice.people) people.set(person, together(people.get(person), share))
  }
  return {
    firstSeq: slices[0]?.firstSeq ?? 0,
    lastSeq: slices.at(-1)?.lastSeq ?? 0,
    // Not `Math.min` of all: a call takes only so many arguments, and a month has 170,000 slices.
    firstAt: slices.reduce((least, { firstAt }) => Math.min(least, firstAt), Number.POSITIVE_INFINITY),
    lastAt: slices.reduce((most, { lastAt }) => Math.max(most, lastAt), Number.NEGATIVE_INFINITY),
    people,
  }
}
