import type { Seq } from '../../log/entry.ts'
import type { HistoryDocument } from '../positions/history-document.ts'
import { Attribution, type Author } from './attribution.ts'
import type { Authors } from './authors.ts'
import { type Lifetimes, lifetimesOf, NEVER } from './lifetimes.ts'
import { findPassages, type Match, type Passage, passageOf } from './passages.ts'

interface DeletedPart {
  readonly text: string
  readonly written: Author
  /** None where this part is still there. */
  readonly deleted: Author | undefined
}

/** Something that once stood in the document in one piece, and is not there any more, or not whole. */
export interface DeletedText {
  /** The shared type at the top that it was in; and, inside another, `client:clock` of its text. */
  readonly type: string
  readonly node: string | undefined
  readonly text: string
  /** What stood around it when it was last whole. */
  readonly before: string
  readonly after: string
  /** The last position at which it was there, whole. */
  readonly lastSeq: Seq
  /** The first deletion in it. */
  readonly gone: Author
  readonly parts: readonly DeletedPart[]
}

export interface DeletedQuery {
  /** What it said, upper and lower case alike; without it, all that is gone. */
  readonly text?: string
  /** As of this position. */
  readonly at: Seq
  readonly limit: number
}

const ONE_MINUTE = 60_000

/** Characters of what stood around it. */
const AROUND = 40

/**
 * When did this sentence go, and who took it? Finds what once read as the query, whoever wrote and whoever
 * deleted its parts, and whatever else stood between them before or after; the latest deletion first.
 */
export function searchDeleted(
  history: HistoryDocument,
  authors: Authors,
  query: DeletedQuery,
): DeletedText[] {
  const attribution = new Attribution(history, authors)
  const { text: wanted, limit } = query
  return lifetimesOf(history, attribution, query.at)
    .flatMap((text) => foundIn(text, attribution, wanted).map((found) => ({ text, found })))
    .sort((a, b) => b.found.gone - a.found.gone)
    .slice(0, limit)
    .map(({ text, found }) => {
      // Of the many that a word of one letter finds, only those that are shown are spelt out.
      const passage = 'indexes' in found ? found : passageOf(text, found, wanted?.length ?? 0)
      return describe(text, passage, attribution)
    })
}

const foundIn = (
  text: Lifetimes,
  attribution: Attribution,
  wanted: string | undefined,
): readonly (Match | Passage)[] =>
  wanted === undefined ? deletedTogether(text, attribution) : findPassages(text, wanted)

/** What one person deleted at a stretch: entries at most a minute apart, of characters that stood side by side. */
function deletedTogether(text: Lifetimes, attribution: Attribution): Passage[] {
  const passages: { indexes: number[]; from: Seq; until: Seq; gone: Seq }[] = []
  let last: Author | undefined
  for (let index = 0; index < text.length; index += 1) {
    const until = text.deleted[index] ?? NEVER
    if (until === NEVER) {
      last = undefined
      continue
    }
    const from = text.written[index] ?? 0
    const author: Author = until === last?.seq ? last : attribution.author(until)
    const passage = passages.at(-1)
    const together = last?.actor === author.actor && Math.abs(author.at - last.at) <= ONE_MINUTE
    if (together && passage !== undefined && from < passage.until && passage.from < until) {
      passage.indexes.push(index)
      passage.from = Math.max(passage.from, from)
      passage.until = Math.min(passage.until, until)
      passage.gone = passage.until
    } else passages.push({ indexes: [index], from, until, gone: until })
    last = author
  }
  return passages
}

function describe(text: Lifetimes, passage: Passage, attribution: Attribution): DeletedText {
  const { indexes, until } = passage
  const [first = 0] = indexes
  const last = indexes.at(-1) ?? first
  const lastSeq = Math.ceil(until) - 1
  return {
    type: text.type,
    node: text.node,
    text: indexes.map((index) => text.text.charAt(index)).join(''),
    before: around(text, first, -1, lastSeq),
    after: around(text, last, 1, lastSeq),
    lastSeq,
    gone: attribution.author(passage.gone),
    parts: parts(text, indexes, attribution),
  }
}

/** What could be read next to `index` at a position. */
function around(text: Lifetimes, index: number, step: 1 | -1, seq: Seq): string {
  const beside = (at: number) =>
    step === 1 ? text.next(at + 1, seq, seq + 1) : text.previous(at, seq, seq + 1)
  let found = ''
  for (let at = beside(index); at >= 0 && at < text.length && found.length < AROUND; at = beside(at))
    found = step === 1 ? found + text.text.charAt(at) : text.text.charAt(at) + found
  return found
}

function parts(text: Lifetimes, indexes: readonly number[], attribution: Attribution): DeletedPart[] {
  const found: DeletedPart[] = []
  for (const index of indexes) {
    const char = text.text.charAt(index)
    const written = attribution.author(text.writtenBy(index))
    const seq = text.deleted[index] ?? NEVER
    const deleted = seq === NEVER ? undefined : attribution.author(seq)
    const last = found.at(-1)
    if (last?.written.actor === written.actor && last.deleted?.actor === deleted?.actor) {
      found[found.length - 1] = { text: last.text + char, written, deleted }
    } else found.push({ text: char, written, deleted })
  }
  return found
}
