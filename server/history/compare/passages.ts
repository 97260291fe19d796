import type { Seq } from '../../log/entry.ts'
import { JUST_BEFORE, type Lifetimes, NEVER } from './lifetimes.ts'
import { VisibleSet } from './visible-set.ts'

/** Characters that once stood next to each other, until the entry `until` (exclusive). */
export interface Passage {
  readonly indexes: readonly number[]
  readonly until: Seq
  /** The first deletion among them; later than `until`, where something was written in between before. */
  readonly gone: Seq
}

/** The same, by its first character. */
export interface Match extends Omit<Passage, 'indexes'> {
  readonly start: number
}

/**
 * What read as the query at some time, and is not there whole any more: of each character that such a passage begins
 * with, the latest. Of two people's characters that stand side by side in a document, many were never there together
 * (a word, and its correction); so the entries are gone through in order, and before each takes or brings characters,
 * what stands around them is looked at for the last time. In n characters and a query of m that takes n × (m + log n).
 */
export function findPassages(text: Lifetimes, query: string): Match[] {
  const search = new Search(text, fold(text.text), fold(query))
  for (const { seq, changes } of changesOf(text)) search.change(seq, changes)
  return search.found()
}

/** All of a passage. */
export function passageOf(text: Lifetimes, { start, until, gone }: Match, length: number): Passage {
  const indexes = [start]
  for (let index = start; indexes.length < length; ) {
    index = text.next(index + 1, until - JUST_BEFORE, until)
    indexes.push(index)
  }
  return { indexes, until, gone }
}

/** A character that an entry takes or brings. */
interface Change {
  readonly index: number
  readonly deletes: boolean
}

/** What each entry takes and brings, in the order of the text. */
function* changesOf(text: Lifetimes): Generator<{ readonly seq: Seq; readonly changes: readonly Change[] }> {
  // By entry, place and kind, as one number: a million of them are sorted in 0.1 s, and a tenth of what objects take.
  const width = 2 * text.length
  const keys = new Float64Array(width)
  let count = 0
  for (let index = 0; index < text.length; index += 1) {
    const [written = NEVER, deleted = 0] = [text.written[index], text.deleted[index]]
    if (written >= deleted) continue
    keys[count++] = (written / JUST_BEFORE) * width + 2 * index
    if (deleted !== NEVER) keys[count++] = (deleted / JUST_BEFORE) * width + 2 * index + 1
  }
  let seq: Seq = 0
  let changes: Change[] = []
  for (const key of keys.subarray(0, count).sort()) {
    const next = Math.floor(key / width) * JUST_BEFORE
    if (next !== seq) {
      yield { seq, changes }
      seq = next
      changes = []
    }
    const place = key % width
    changes.push({ index: place >> 1, deletes: place % 2 === 1 })
  }
  yield { seq, changes }
}

class Search {
  readonly #text: Lifetimes
  readonly #folded: string
  readonly #wanted: string
  readonly #prefixes: Int32Array
  readonly #visible: VisibleSet
  readonly #latest = new Map<number, Match>()
  /** Neighbours that stand around what changes, in order. */
  #window: number[] = []
  /** Of each of these the last beginning, in `#window`, of what is no longer whole when it reaches this far. */
  #breaks: number[] = []
  /** In `#window`, where the last change is. */
  #at = 0

  constructor(text: Lifetimes, folded: string, wanted: string) {
    this.#text = text
    this.#folded = folded
    this.#wanted = wanted
    this.#prefixes = prefixesOf(wanted)
    this.#visible = new VisibleSet(text.length)
  }

  found(): Match[] {
    return [...this.#latest.values()].sort((a, b) => a.start - b.start)
  }

  change(until: Seq, changes: readonly Change[]): void {
    for (const change of changes) this.#look(change, until)
    this.#match(until)
    for (const { index, deletes } of changes) {
      if (deletes) this.#visible.delete(index)
      else this.#visible.add(index)
    }
  }

  /** Has what stands around a change in the window: as many characters on either side as a passage may reach over. */
  #look({ index, deletes }: Change, until: Seq): void {
    const reach = this.#wanted.length - 1
    const end = this.#window.at(-1) ?? -1
    if (index > end) {
      const before: number[] = []
      for (let at = index; before.length < reach; ) {
        at = this.#visible.before(at)
        if (at <= end) break
        before.push(at)
      }
      if (before.length === reach) this.#match(until)
      for (const one of before.reverse()) this.#push(one)
      this.#at = this.#window.length
    } else while ((this.#window[this.#at] ?? index) < index) this.#at += 1
    while (this.#window.length <= this.#at + reach) {
      const next = this.#visible.from(Math.max(index, (this.#window.at(-1) ?? -1) + 1))
      if (next === -1) break
      this.#push(next)
    }
    if (this.#at < this.#breaks.length) {
      const last = deletes ? this.#at : this.#at - 1
      this.#breaks[this.#at] = Math.max(this.#breaks[this.#at] ?? -1, last)
    }
  }

  #push(index: number): void {
    this.#window.push(index)
    this.#breaks.push(-1)
  }

  /** Finds in the window what is whole until now (Knuth, Morris and Pratt), and begins another one. */
  #match(until: Seq): void {
    const wanted = this.#wanted
    /** In the window, those that could be the first to go of what follows, each deleted later than the one before it. */
    const first: number[] = []
    let head = 0
    let length = 0
    let broken = -1
    for (let at = 0; at < this.#window.length; at += 1) {
      broken = Math.max(broken, this.#breaks[at] ?? -1)
      while (first.length > head && this.#deleted(first.at(-1)) >= this.#deleted(at)) first.pop()
      first.push(at)
      const char = this.#folded.charCodeAt(this.#window[at] ?? 0)
      while (length > 0 && wanted.charCodeAt(length) !== char) length = this.#prefixes[length - 1] ?? 0
      if (wanted.charCodeAt(length) === char) length += 1
      if (length < wanted.length) continue
      const begin = at - length + 1
      length = this.#prefixes[length - 1] ?? 0
      while ((first[head] ?? at) < begin) head += 1
      const gone = this.#deleted(first[head])
      const start = this.#window[begin] ?? 0
      if (broken >= begin && gone !== NEVER) this.#latest.set(start, { start, until, gone })
    }
    this.#window = []
    this.#breaks = []
    this.#at = 0
  }

  #deleted(at = 0): Seq {
    return this.#text.deleted[this.#window[at] ?? 0] ?? NEVER
  }
}

/** For each beginning of the word, how long the longest shorter one is that it ends with. */
function prefixesOf(word: string): Int32Array {
  const prefixes = new Int32Array(word.length)
  let length = 0
  for (let at = 1; at < word.length; at += 1) {
    while (length > 0 && word.charCodeAt(at) !== word.charCodeAt(length)) length = prefixes[length - 1] ?? 0
    if (word.charCodeAt(at) === word.charCodeAt(length)) length += 1
    prefixes[at] = length
  }
  return prefixes
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
