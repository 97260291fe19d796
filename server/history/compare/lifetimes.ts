import * as Y from 'yjs'
import type { Seq } from '../../log/entry.ts'
import type { HistoryDocument } from '../positions/history-document.ts'
import type { Attribution } from './attribution.ts'
import { idOf, type SharedType, typesOf } from './shared-type.ts'

/** Not deleted. */
export const NEVER: Seq = Number.POSITIVE_INFINITY

/** Entries are whole numbers: after the one before, and before this one. */
export const JUST_BEFORE = 0.5

/** What stands for a picture or a shared type between characters. */
const OBJECT = '\uFFFC'

/** Sizes of the blocks by which a search passes over what was not there at the time, largest first. */
const BLOCKS = [4096, 64] as const

/** Every character that ever stood in one text, in the document's order, and from when until when it did. */
export class Lifetimes {
  /** The name of the shared type at the top that the text is in. */
  readonly type: string
  /** `client:clock` of the text itself, where it is inside another type. */
  readonly node: string | undefined
  text = ''
  /** By character: from when, and until when it was there. */
  readonly written: Seq[] = []
  readonly deleted: Seq[] = []
  /** The entries of characters that came later than they are counted as there. */
  readonly #late = new Map<number, Seq>()
  readonly #blocks = BLOCKS.map((size) => new Blocks(size))

  constructor(type: string, node: string | undefined) {
    this.type = type
    this.node = node
  }

  push(text: string, written: Seq, deleted: Seq): void {
    this.text += text
    for (let i = 0; i < text.length; i += 1) {
      for (const blocks of this.#blocks) blocks.add(this.written.length, written, deleted)
      this.written.push(written)
      this.deleted.push(deleted)
    }
  }

  /**
   * Takes what was typed into an element after the entry `gone` had deleted it: whoever typed did not know, and had
   * it before them with all that was there just before.
   */
  pushLate(text: string, written: Seq, gone: Seq): void {
    for (let i = 0; i < text.length; i += 1) this.#late.set(this.length + i, written)
    this.push(text, gone - JUST_BEFORE, gone)
  }

  get length(): number {
    return this.written.length
  }

  /** The entry that brought a character. */
  writtenBy(index: number): Seq {
    return this.#late.get(index) ?? this.written[index] ?? NEVER
  }

  /** Whether the character was there between two entries, at one of them at least: after `from`, before `until`. */
  overlaps(index: number, from: Seq, until: Seq): boolean {
    return (this.written[index] ?? NEVER) < until && (this.deleted[index] ?? 0) > from
  }

  /** The first character at `start` or after it that was there at that time; `length` where none was. */
  next(start: number, from: Seq, until: Seq): number {
    let index = start
    while (index < this.length && !this.overlaps(index, from, until)) {
      const absent = this.#blocks.find((blocks) => blocks.absent(index, from, until))
      index += absent?.size ?? 1
    }
    return Math.min(index, this.length)
  }

  /** The last character before `end` that was there at that time; -1 where none was. */
  previous(end: number, from: Seq, until: Seq): number {
    let index = end - 1
    while (index >= 0 && !this.overlaps(index, from, until)) {
      const absent = this.#blocks.find(
        (blocks) => (index + 1) % blocks.size === 0 && blocks.absent(index + 1 - blocks.size, from, until),
      )
      index -= absent?.size ?? 1
    }
    return Math.max(index, -1)
  }
}

/** For each so many characters, when the first of them was written and when the last was deleted. */
class Blocks {
  readonly size: number
  readonly #firstWritten: Seq[] = []
  readonly #lastDeleted: Seq[] = []

  constructor(size: number) {
    this.size = size
  }

  add(index: number, written: Seq, deleted: Seq): void {
    const block = Math.floor(index / this.size)
    this.#firstWritten[block] = Math.min(this.#firstWritten[block] ?? NEVER, written)
    this.#lastDeleted[block] = Math.max(this.#lastDeleted[block] ?? 0, deleted)
  }

  /** Whether a block begins at `index` in which nothing was there at that time. */
  absent(index: number, from: Seq, until: Seq): boolean {
    if (index % this.size !== 0) return false
    const block = index / this.size
    return (this.#firstWritten[block] ?? NEVER) >= until || (this.#lastDeleted[block] ?? 0) <= from
  }
}

/** The texts of a document that anything was ever deleted from, at whatever depth, deleted ones included. */
export function lifetimesOf(history: HistoryDocument, attribution: Attribution, at: Seq): Lifetimes[] {
  const collector = new Collector(attribution, at)
  for (const [name, type] of typesOf(history.structure)) {
    collector.collect(type, new Lifetimes(name, undefined), NEVER)
  }
  return collector.found
}

class Collector {
  readonly found: Lifetimes[] = []
  readonly #attribution: Attribution
  readonly #at: Seq

  constructor(attribution: Attribution, at: Seq) {
    this.#attribution = attribution
    this.#at = at
  }

  /** Takes the text of a type that is gone since that entry, and of all types inside it. */
  collect(type: SharedType, into: Lifetimes, gone: Seq): void {
    for (let item = type._start; item !== null; item = item.right) {
      const { content } = item
      if (content instanceof Y.ContentString) this.#push(into, item, content.str, gone)
      else if (content instanceof Y.ContentEmbed) this.#push(into, item, OBJECT, gone)
      else this.#inside(item, into.type, gone)
    }
    for (const newest of type._map.values()) {
      for (let item: Y.Item | null = newest; item !== null; item = item.left) {
        this.#inside(item, into.type, gone)
      }
    }
    if (into.deleted.some((seq) => seq !== NEVER)) this.found.push(into)
  }

  #inside(item: Y.Item, name: string, around: Seq): void {
    if (!(item.content instanceof Y.ContentType)) return
    const { client, clock } = item.id
    const { seq = NEVER } = this.#attribution.deletion(client, clock, clock + 1)
    this.collect(item.content.type, new Lifetimes(name, idOf(item)), Math.min(seq, around))
  }

  #push(into: Lifetimes, item: Y.Item, text: string, around: Seq): void {
    const { client, clock } = item.id
    for (let from = clock; from < clock + item.length; ) {
      const written = this.#attribution.insertion(client, from, clock + item.length)
      const deleted = this.#attribution.deletion(client, from, written.end)
      if (written.seq !== undefined && written.seq <= this.#at) {
        const gone = deleted.seq !== undefined && deleted.seq <= this.#at ? deleted.seq : NEVER
        const said = this.#attribution.text(
          text.slice(from - clock, deleted.end - clock),
          client,
          from,
          written.seq,
        )
        if (gone > written.seq) into.push(said, written.seq, gone)
        // What one entry brings and deletes could be read at no position, but by whoever wrote it.
        else if (around < written.seq) into.pushLate(said, written.seq, around)
      }
      from = deleted.end
    }
  }
}
