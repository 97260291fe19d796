import type { Seq } from '../../log/entry.ts'
import { type Lifetimes, NEVER } from './lifetimes.ts'

/** Characters that once stood next to each other, until the entry `until` (exclusive). */
export interface Passage {
  readonly indexes: readonly number[]
  readonly until: Seq
  /** The first deletion among them; later than `until`, where something was written in between before. */
  readonly gone: Seq
}

/** The beginning of a passage, and the time in which all of it, and nothing between it, was there. */
interface Partial {
  readonly index: number
  readonly previous: Partial | undefined
  readonly length: number
  readonly from: Seq
  readonly until: Seq
  readonly gone: Seq
}

/**
 * What read as the query at some time, and is not there whole any more. Of two people's characters that stand
 * side by side in a document, many were never there together (a word, and its correction); so a match narrows
 * the time, character by character, to that in which all of it could be read.
 */
export function findPassages(text: Lifetimes, query: string): Passage[] {
  const folded = fold(text.text)
  const wanted = fold(query)
  const found: Passage[] = []
  for (
    let start = folded.indexOf(wanted.charAt(0));
    start !== -1;
    start = folded.indexOf(wanted.charAt(0), start + 1)
  ) {
    const passage = passageFrom(text, folded, wanted, start)
    if (passage !== undefined) found.push(passage)
  }
  return found
}

/** The latest passage that begins with this character, of those that are gone. */
function passageFrom(text: Lifetimes, folded: string, wanted: string, start: number): Passage | undefined {
  const [from = 0, until = 0] = [text.written[start], text.deleted[start]]
  let latest: Partial | undefined
  let open: Partial[] =
    from < until ? [{ index: start, previous: undefined, length: 1, from, until, gone: until }] : []
  for (let index = start; open.length > 0; ) {
    for (const partial of open) {
      if (partial.length < wanted.length || partial.gone === NEVER) continue
      if (partial.until > (latest?.until ?? 0)) latest = partial
    }
    open = open.filter((partial) => partial.length < wanted.length)
    index = Math.min(...open.map((partial) => text.next(index + 1, partial.from, partial.until)))
    if (index >= text.length) break
    open = open.flatMap((partial) => extend(text, folded, wanted, partial, index))
  }
  return latest && toPassage(latest)
}

/** What a partial passage becomes at the next character: longer by it, or earlier or later than it. */
function extend(text: Lifetimes, folded: string, wanted: string, partial: Partial, index: number): Partial[] {
  const { from, until, length } = partial
  if (!text.overlaps(index, from, until)) return [partial]
  const [written = 0, deleted = 0] = [text.written[index], text.deleted[index]]
  const become: Partial[] = []
  if (written > from) become.push({ ...partial, until: written })
  if (deleted < until) become.push({ ...partial, from: deleted })
  if (folded.charCodeAt(index) === wanted.charCodeAt(length)) {
    become.push({
      index,
      previous: partial,
      length: length + 1,
      from: Math.max(from, written),
      until: Math.min(until, deleted),
      gone: Math.min(partial.gone, deleted),
    })
  }
  return become
}

function toPassage(last: Partial): Passage {
  const indexes: number[] = []
  for (let partial: Partial | undefined = last; partial !== undefined; partial = partial.previous) {
    indexes.push(partial.index)
  }
  return { indexes: indexes.reverse(), until: last.until, gone: last.gone }
}

/** Lower case, one unit for one unit: the few letters that grow stay as they are. */
const fold = (text: string): string => {
  const lower = text.toLowerCase()
  if (lower.length === text.length) return lower
  return Array.from({ length: text.length }, (_, i) => {
    const char = text.charAt(i)
    return char.toLowerCase().length === 1 ? char.toLowerCase() : char
  }).join('')
}
