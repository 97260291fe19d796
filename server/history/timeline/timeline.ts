import type { RoomId, Seq } from '../../log/entry.ts'
import { nearestPositions } from '../../log/positions.ts'
import type { Queryable } from '../../storage/transaction.ts'
import { namedPositions, type Version, versionsBetween } from '../versions/versions.ts'
import { newestSliceWith } from './activity.ts'
import { type Division, type Session, type SessionSource, sessionsOf } from './sessions.ts'
import { hasEdits } from './slices.ts'
import { beyondSession, groupBegan, openStretch, stretchesBefore } from './stretch-table.ts'
import { levelFor } from './stretches.ts'

export interface TimelineQuery extends Division {
  /** Sessions that this person took part in. */
  readonly person?: string | undefined
  /** Sessions with something in it at or after, and before, these moments (ms). */
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** Sessions with a named version. */
  readonly namedOnly: boolean
  readonly limit: number
  /** The `next` of the page before. */
  readonly before?: Seq | undefined
}

interface ListedSession extends Session {
  readonly versions: readonly Version[]
  /** The positions before and after it: its own, or those that retention has left around them. */
  readonly before: Seq
  readonly after: Seq
}

export interface TimelinePage {
  readonly sessions: readonly ListedSession[]
  readonly next: Seq | undefined
}

/** A page of the timeline, newest first, of what is indexed. */
export async function readTimeline(db: Queryable, room: RoomId, query: TimelineQuery): Promise<TimelinePage> {
  const found: Session[] = []
  let next: Seq | undefined
  for await (const session of sessionsThat(db, room, query)) {
    if (found.length === query.limit) {
      next = found.at(-1)?.firstSeq
      break
    }
    found.push(session)
  }
  const [newest] = found
  const oldest = found.at(-1)
  const ends = found.flatMap(({ firstSeq, lastSeq }) => [firstSeq - 1, lastSeq])
  const [versions, nearest] = await Promise.all([
    newest === undefined || oldest === undefined
      ? []
      : versionsBetween(db, room, oldest.firstSeq, newest.lastSeq),
    nearestPositions(db, room, ends),
  ])
  const sessions = found.map((session) => ({
    ...session,
    before: nearest(session.firstSeq - 1).before,
    after: nearest(session.lastSeq).after,
    versions: versions.filter(({ seq }) => covers(session, seq)),
  }))
  return { sessions, next }
}

/** The sessions that are asked for. Where the next one may be far, it is looked up rather than read up to. */
async function* sessionsThat(db: Queryable, room: RoomId, query: TimelineQuery): AsyncGenerator<Session> {
  const named = query.namedOnly ? await namedPositions(db, room) : undefined
  let before = query.before ?? Number.MAX_SAFE_INTEGER
  for (let jumps = true; jumps; ) {
    jumps = false
    const start = await nextStart(db, room, query, named, before)
    if (start === undefined) return
    for await (const session of sessionsOf(sourceOf(db, room, query, start.before), query)) {
      if (query.from !== undefined && session.lastAt < query.from) return
      if (matches(session, query, named)) yield session
      else if (session.lastSeq < start.slice) {
        jumps = true
        before = session.lastSeq + 1
        break
      }
    }
  }
}

const sourceOf = (db: Queryable, room: RoomId, { length }: Division, before: Seq): SessionSource => ({
  stretches: stretchesBefore(db, room, levelFor(length), before),
  open: (stretch) => openStretch(db, room, stretch),
  began: (seq, gap) => groupBegan(db, room, seq, gap),
})

interface Start {
  /** Where the reading starts: behind all of the session that the slice is in. What is newer is not as asked for. */
  readonly before: Seq
  /** The newest slice that is as asked for. */
  readonly slice: Seq
}

/** By one of the filters: a session may be as all of them want it though no slice in it is. */
async function nextStart(
  db: Queryable,
  room: RoomId,
  { person, to, length }: TimelineQuery,
  named: readonly Seq[] | undefined,
  before: Seq,
): Promise<Start | undefined> {
  const newestNamed = named?.findLast((seq) => seq < before)
  if (named !== undefined && newestNamed === undefined) return undefined
  if (person === undefined && to === undefined && named === undefined) return { before, slice: 0 }
  const slice =
    newestNamed === undefined
      ? await newestSliceWith(db, room, before, person === undefined ? { to } : { person })
      : await newestSliceWith(db, room, newestNamed + 1, {})
  if (slice === undefined) return undefined
  return { before: Math.min(before, await beyondSession(db, room, slice, length)), slice: slice.firstSeq }
}

function matches(
  session: Session,
  { person, to }: TimelineQuery,
  named: readonly Seq[] | undefined,
): boolean {
  if (!hasEdits(session)) return false
  if (to !== undefined && session.firstAt >= to) return false
  if (person !== undefined && !session.people.has(person)) return false
  return named === undefined || named.some((seq) => covers(session, seq))
}

const covers = ({ firstSeq, lastSeq }: Session, seq: Seq): boolean => seq >= firstSeq && seq <= lastSeq
