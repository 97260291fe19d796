import type { Seq } from '../../log/entry.ts'
import type { Share } from './slices.ts'
import { type Open, peopleOf, type Stretch } from './stretches.ts'

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

/** What the sessions of a room are made from. */
export interface SessionSource {
  /** Newest first. */
  readonly stretches: AsyncIterable<Stretch>
  readonly open: Open
  /** When the work began that goes on at a position: after the last pause so long. */
  began(seq: Seq, gap: number): Promise<number>
}

/** Work that goes on for so many lengths is divided there first, so that no page depends on years. */
const LENGTHS = 16

/**
 * Groups a room's work into sessions, newest first. Where one is divided depends on when its work began, never on where
 * the reading starts: it stays the same while newer entries come. What fits into a session whole is taken whole; a stretch
 * is read in its parts only where a session begins or ends in it.
 */
export async function* sessionsOf(
  { stretches, open, began }: SessionSource,
  { gap, length }: Division,
): AsyncGenerator<Session> {
  const longest = LENGTHS * length
  /** Without a gap between them, newest first. */
  let group: Stretch[] = []
  /** Of a group that goes on for longer than that: when it began. */
  let beganAt: number | undefined

  async function* end(): AsyncGenerator<Session> {
    const ended = group.toReversed()
    group = []
    yield* (await divided(ended, length, open)).toReversed()
  }

  async function* add(part: Stretch): AsyncGenerator<Session> {
    if (beganAt !== undefined) {
      const since = beganAt
      const partOf = (at: number) => Math.floor((at - since) / longest)
      if (part.level > 0 && partOf(part.firstAt) !== partOf(part.lastAt)) {
        for (const inner of (await open(part)).toReversed()) yield* add(inner)
        return
      }
      const later = group.at(-1)
      if (later !== undefined && partOf(later.beganAt) !== partOf(part.beganAt)) yield* end()
    }
    group.push(part)
  }

  for await (const stretch of stretches) {
    for (const part of await unbroken(stretch, gap, open)) {
      const later = group.at(-1)
      if (later !== undefined && later.beganAt - part.endedAt >= gap) {
        yield* end()
        beganAt = undefined
      }
      const [newest] = group
      if (beganAt === undefined && newest !== undefined && newest.lastAt - part.firstAt >= longest) {
        beganAt = await began(part.firstSeq, gap)
        const before = group
        group = []
        for (const one of before) yield* add(one)
      }
      yield* add(part)
    }
  }
  yield* end()
}

/** A stretch, or those of its parts that have no such pause in them, newest first. */
async function unbroken(stretch: Stretch, gap: number, open: Open): Promise<readonly Stretch[]> {
  if (stretch.pause < gap) return [stretch]
  const parts: Stretch[] = []
  for (const part of (await open(stretch)).toReversed()) parts.push(...(await unbroken(part, gap, open)))
  return parts
}

/** Stretches without a gap between them, oldest first, as sessions of at most this length. */
async function divided(
  stretches: readonly Stretch[],
  length: number,
  open: Open,
): Promise<readonly Session[]> {
  const sessions: Stretch[][] = []
  const put = async (part: Stretch): Promise<void> => {
    const current = sessions.at(-1)
    const fits = part.lastAt - (current?.[0] ?? part).beganAt <= length
    if (current !== undefined && fits) current.push(part)
    else if (part.level > 0 && !(current === undefined && fits))
      for (const inner of await open(part)) await put(inner)
    else sessions.push([part])
  }
  for (const stretch of stretches) await put(stretch)
  return sessions.map(merged)
}

const merged = (stretches: readonly Stretch[]): Session => ({
  firstSeq: stretches[0]?.firstSeq ?? 0,
  lastSeq: stretches.at(-1)?.lastSeq ?? 0,
  // Not `Math.min` of all: a call takes only so many arguments.
  firstAt: stretches.reduce((least, { firstAt }) => Math.min(least, firstAt), Number.POSITIVE_INFINITY),
  lastAt: stretches.reduce((most, { lastAt }) => Math.max(most, lastAt), Number.NEGATIVE_INFINITY),
  people: peopleOf(stretches),
})
