import { SEVERAL, type Seq } from '../../log/entry.ts'
import type { Effect } from '../positions/change-index.ts'

/** A stretch ends when nobody has done anything for so long, and after so long in any case, in ms. */
const SLICE_IDLE = 15_000
const SLICE_LENGTH = 60_000

/** What one person did in a stretch of time. */
export interface Share {
  readonly firstAt: number
  readonly lastAt: number
  readonly entries: number
  /** UTF-16 code units of text. */
  readonly inserted: number
  readonly deleted: number
}

/** A stretch of time in which somebody was at work, and what each person did in it. */
export interface Slice {
  readonly firstSeq: Seq
  readonly lastSeq: Seq
  readonly firstAt: number
  readonly lastAt: number
  readonly people: ReadonlyMap<string, Share>
}

interface Done extends Effect {
  readonly seq: Seq
  /** The first position that it stands for, and when that was reached. */
  readonly first: Seq
  readonly since: number
  readonly at: number
  readonly actor: string
  /** How many of the positions are edits: what is published beside a document, as chat is, edits nothing. */
  readonly edits: number
  /** People who took part, and of whom nothing else is known. */
  readonly others: readonly string[]
}

/** The slice with the entry after it, or undefined where that begins another. Clocks that go back end nothing. */
export function extended(slice: Slice | undefined, done: Done): Slice | undefined {
  if (slice === undefined) return undefined
  if (done.since - slice.lastAt >= SLICE_IDLE || done.since - slice.firstAt >= SLICE_LENGTH) return undefined
  return {
    firstSeq: slice.firstSeq,
    lastSeq: done.seq,
    firstAt: Math.min(slice.firstAt, done.since),
    lastAt: Math.max(slice.lastAt, done.at),
    people: peopleOf(slice.people, done),
  }
}

export const sliceOf = (done: Done): Slice => ({
  firstSeq: done.first,
  lastSeq: done.seq,
  firstAt: done.since,
  lastAt: done.at,
  people: peopleOf(new Map(), done),
})

function peopleOf(before: ReadonlyMap<string, Share>, done: Done): ReadonlyMap<string, Share> {
  const people = new Map(before)
  const { since, at, edits } = done
  // A position is kept where nobody worked, too: it says up to where the room has been read.
  const actor = edits === 0 ? SEVERAL : done.actor
  people.set(actor, together(people.get(actor), { ...shareOf(done), entries: edits }))
  for (const person of done.others)
    people.set(
      person,
      together(people.get(person), { firstAt: since, lastAt: at, entries: 0, inserted: 0, deleted: 0 }),
    )
  return people
}

/** Whether anybody edited the document in it. */
export const hasEdits = ({ people }: Pick<Slice, 'people'>): boolean =>
  [...people].some(([person, { entries }]) => person !== SEVERAL || entries > 0)

const shareOf = ({ since, at, inserted, deleted }: Done) => ({
  firstAt: since,
  lastAt: at,
  inserted,
  deleted,
})

export function together(one: Share | undefined, other: Share): Share {
  if (one === undefined) return other
  return {
    firstAt: Math.min(one.firstAt, other.firstAt),
    lastAt: Math.max(one.lastAt, other.lastAt),
    entries: one.entries + other.entries,
    inserted: one.inserted + other.inserted,
    deleted: one.deleted + other.deleted,
  }
}
