import * as Y from 'yjs'
import type { Attribution, Author } from './attribution.ts'
import { alike, textOf } from './cut-characters.ts'
import type { Diff, EntryContent, EntryDiff, Status, TypeDiff } from './diff-tree.ts'
import { samePiece, shownEntry } from './entry-chain.ts'
import type { Hunk, Piece } from './hunk.ts'
import { type Cause, RunningMarks } from './marks.ts'
import { Runs, type Stretched } from './runs.ts'
import { idOf, kindOf, nameOf, type SharedType, typesOf } from './shared-type.ts'
import type { View } from './view.ts'

export interface DiffOptions {
  readonly attribution?: Attribution
  /** The second side is the older one: what it lacks was inserted since, and what it has more was deleted since. */
  readonly backward?: boolean
  /** Neighbouring edits of one person at most so far apart, in ms, are one run; 0 keeps every entry apart. */
  readonly within?: number
  /** Names who wrote what both sides have, too. */
  readonly blame?: boolean
}

/** Which sides have the shared type that is walked: in one that is deleted all is. */
type Sides = 'both' | 'from' | 'to'

const ONE_MINUTE = 60_000

/**
 * Compares two views of a document, by the identity of its items and not by what they say: two people's equal
 * words are two, and a word that was deleted and typed again is a change. One walk over what the document ever
 * held, without applying anything.
 */
export function diff(
  doc: Y.Doc,
  from: View,
  to: View,
  options: DiffOptions = {},
): { diff: Diff; hunks: Hunk[] } {
  const walk = new Walk(from, to, options)
  const types: Record<string, TypeDiff> = Object.create(null)
  for (const [name, type] of typesOf(doc)) {
    const found = walk.type(type, 'both')
    if (found !== undefined && !isEmpty(found)) types[name] = found
  }
  return { diff: { types }, hunks: walk.hunks }
}

const isEmpty = ({ entries, runs }: TypeDiff): boolean => entries === undefined && runs?.length === 0

class Walk {
  readonly hunks: Hunk[] = []
  readonly #from: View
  readonly #to: View
  readonly #options: DiffOptions
  readonly #within: number
  /** Counts changes, so that a type knows whether there were any inside it. */
  #changes = 0

  constructor(from: View, to: View, options: DiffOptions) {
    this.#from = from
    this.#to = to
    this.#options = options
    this.#within = options.within ?? ONE_MINUTE
  }

  type(type: SharedType, sides: Sides): TypeDiff | undefined {
    const kind = kindOf(type)
    if (kind === undefined) return undefined
    const name = nameOf(type)
    const entries = this.#entries(type, sides)
    return {
      kind,
      ...(name !== undefined && { name }),
      ...((kind === 'map' || Object.keys(entries).length > 0) && { entries }),
      ...(kind !== 'map' && { runs: this.#runs(type, sides) }),
    }
  }

  #entries(type: SharedType, sides: Sides): Record<string, EntryDiff> {
    const entries: Record<string, EntryDiff> = Object.create(null)
    for (const [key, newest] of [...type._map].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const before = sides === 'to' ? undefined : shownEntry(newest, this.#from)
      const after = sides === 'from' ? undefined : shownEntry(newest, this.#to)
      const entry = samePiece(before, after) ? this.#kept(after, sides) : this.#replaced(before, after, sides)
      if (entry !== undefined) entries[key] = entry
    }
    return entries
  }

  #kept(piece: Piece | undefined, sides: Sides): EntryDiff | undefined {
    if (piece === undefined) return undefined
    const changes = this.#changes
    const after = this.#entryContent(piece, sides)
    const status = this.#changes === changes ? 'equal' : 'changed'
    return { status, after, ...this.#by('equal', piece) }
  }

  #replaced(before: Piece | undefined, after: Piece | undefined, sides: Sides): EntryDiff {
    this.#changes += 1
    const { backward = false } = this.#options
    const status = before === undefined ? 'inserted' : after === undefined ? 'deleted' : 'changed'
    const later = (backward ? before : after) ?? before ?? after
    const cause = status === 'changed' ? (backward ? 'deleted' : 'inserted') : status
    const hunk = this.#hunk(sides, {
      deleted: before === undefined ? [] : [before],
      inserted: after === undefined ? [] : [after],
    })
    return {
      status,
      ...(before !== undefined && { before: this.#entryContent(before, 'from') }),
      ...(after !== undefined && { after: this.#entryContent(after, 'to') }),
      ...(later !== undefined && this.#by(cause, later)),
      ...(hunk !== undefined && { hunk }),
    }
  }

  #entryContent({ item, from, to }: Piece, sides: Sides): EntryContent {
    const { content } = item
    if (!(content instanceof Y.ContentType)) return { value: valuesOf(content, from, to)[0] }
    return { node: this.#node(content, sides), id: idOf(item) }
  }

  #node(content: Y.ContentType, sides: Sides): TypeDiff {
    return this.type(content.type, sides) ?? { kind: 'array', runs: [] }
  }

  #runs(type: SharedType, sides: Sides): TypeDiff['runs'] {
    const runs = new Runs(this.#within, {
      begin: (stretched) => this.#runHunk(sides, stretched),
      extend: (hunk, piece) => this.#extend(hunk, piece),
    })
    const marks = new RunningMarks()
    for (let item = type._start; item !== null; item = item.right) {
      if (item.content instanceof Y.ContentDeleted) continue
      const { client, clock } = item.id
      const end = clock + item.length
      for (let at = clock; at < end; ) {
        const from = this.#from.stretch(client, at, end)
        const to = this.#to.stretch(client, at, from.end)
        const inFrom = sides !== 'to' && from.inside
        const inTo = sides !== 'from' && to.inside
        if (inFrom || inTo) {
          const piece = { item, from: at - clock, to: to.end - clock }
          if (item.content instanceof Y.ContentFormat) marks.pass(item, item.content, inFrom, inTo)
          else if (inFrom && inTo && item.content instanceof Y.ContentString)
            this.#placeText(runs, piece, marks)
          else this.#place(runs, piece, inFrom, inTo, marks)
        }
        at = to.end
      }
    }
    return runs.list
  }

  /** Text that both sides have; a character that was cut in between is one that went, and two that came. */
  #placeText(runs: Runs, piece: Piece, marks: RunningMarks): void {
    const { item, from } = piece
    for (const { from: start, to: end, same } of alike(textOf(piece, this.#from), textOf(piece, this.#to))) {
      const part = { item, from: from + start, to: from + end }
      this.#place(runs, part, true, same, marks)
      if (!same) this.#place(runs, part, false, true, marks)
    }
  }

  #place(runs: Runs, piece: Piece, inFrom: boolean, inTo: boolean, marks: RunningMarks): void {
    const status: Status = !inTo ? 'deleted' : !inFrom ? 'inserted' : marks.same ? 'equal' : 'changed'
    if (status !== 'equal') this.#changes += 1
    const shown = inTo ? marks.to : marks.from
    const stretched = {
      status,
      marks: Object.keys(shown).length === 0 ? undefined : shown,
      marksBefore: status === 'changed' ? marks.from : undefined,
    }
    const { item } = piece
    const { content } = item
    if (content instanceof Y.ContentType) {
      const changes = this.#changes
      const node = this.#node(content, inFrom ? (inTo ? 'both' : 'from') : 'to')
      const inside = this.#changes !== changes && status === 'equal'
      const author = this.#authors(status, piece, marks)[0]?.author
      runs.node({ ...stretched, status: inside ? 'changed' : status, author, piece }, idOf(item), node)
      return
    }
    for (const part of this.#authors(status, piece, marks)) {
      const { from, to } = part.piece
      if (content instanceof Y.ContentString) {
        runs.text({ ...stretched, ...part }, textOf(part.piece, inTo ? this.#to : this.#from))
      } else if (content instanceof Y.ContentEmbed) runs.embed({ ...stretched, ...part }, content.embed)
      else runs.values({ ...stretched, ...part }, valuesOf(content, from, to))
    }
  }

  #runHunk(sides: Sides, { status, piece, marks, marksBefore }: Stretched): number | undefined {
    if (status === 'deleted') return this.#hunk(sides, { deleted: [piece], marksBefore: marks ?? {} })
    if (status === 'inserted') return this.#hunk(sides, { inserted: [piece] })
    if (marksBefore === undefined) return undefined // equal, or changed inside, where the changes have their own
    return this.#hunk(sides, { remarked: [piece], marksBefore })
  }

  /** What goes or comes with the type that it is in has no number of its own. */
  #hunk(sides: Sides, hunk: Partial<Hunk>): number | undefined {
    if (sides !== 'both') return undefined
    return this.hunks.push({ deleted: [], inserted: [], remarked: [], marksBefore: undefined, ...hunk }) - 1
  }

  /** The run of this number goes on. */
  #extend(number: number, piece: Piece): void {
    const hunk = this.hunks[number]
    if (hunk === undefined) return
    const { deleted, inserted, remarked } = hunk
    const pieces = [deleted, inserted, remarked].find(({ length }) => length > 0)
    pieces?.push(piece)
  }

  /** The piece, cut where somebody else's begins. */
  #authors(
    status: Status,
    piece: Piece,
    marks: RunningMarks,
  ): { author: Author | undefined; piece: Piece }[] {
    const { attribution, blame } = this.#options
    if (attribution === undefined || (status === 'equal' && !blame)) return [{ author: undefined, piece }]
    if (status === 'changed') return [{ author: this.#authorOfMarks(marks.causes()), piece }]
    const { item, from, to } = piece
    const { client, clock } = item.id
    const parts: { author: Author | undefined; piece: Piece }[] = []
    for (let at = from; at < to; ) {
      const find = this.#broughtBy(status) ? 'insertion' : 'deletion'
      const { seq, end } = attribution[find](client, clock + at, clock + to)
      const author = seq === undefined ? undefined : attribution.author(seq)
      parts.push({ author, piece: { item, from: at, to: end - clock } })
      at = end - clock
    }
    return parts
  }

  #authorOfMarks(causes: readonly Cause[]): Author | undefined {
    return causes
      .map(({ item, inserted }) => this.#by(inserted ? 'inserted' : 'deleted', { item, from: 0, to: 1 }).by)
      .reduce((last, author) => (author && author.seq > (last?.seq ?? 0) ? author : last), undefined)
  }

  #by(status: Status, { item: { id }, from, to }: Piece): { by?: Author } {
    const { attribution, blame } = this.#options
    if (attribution === undefined || (status === 'equal' && !blame)) return {}
    const find = this.#broughtBy(status) ? 'insertion' : 'deletion'
    const { seq } = attribution[find](id.client, id.clock + from, id.clock + to)
    return seq === undefined ? {} : { by: attribution.author(seq) }
  }

  /** Whether it is an insertion that makes the difference, and not a deletion. */
  #broughtBy(status: Status): boolean {
    return status === 'equal' || (status === 'inserted') !== (this.#options.backward ?? false)
  }
}

function valuesOf(content: Y.Item['content'], from: number, to: number): readonly unknown[] {
  if (content instanceof Y.ContentAny || content instanceof Y.ContentJSON) return content.arr.slice(from, to)
  if (content instanceof Y.ContentBinary) return [content.content]
  if (content instanceof Y.ContentEmbed) return [content.embed]
  if (content instanceof Y.ContentString) return [...content.str.slice(from, to)]
  return content.getContent().slice(from, to)
}
