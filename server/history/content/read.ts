import * as Y from 'yjs'
import { DOCUMENT_FIELDS } from '../../protocol.ts'
import { shownEntry } from '../compare/entry-chain.ts'
import { kindOf, type SharedType } from '../compare/shared-type.ts'
import type { HistoryDocument, Position } from '../positions/history-document.ts'
import type { Piece } from './delta.ts'

/** What stands in rich text: an element with its attributes and children, or a run of text. */
export type XmlNode =
  | {
      readonly kind: 'element'
      readonly name: string
      readonly attributes: Values
      readonly children: readonly XmlNode[]
    }
  | { readonly kind: 'text'; readonly pieces: readonly Piece[] }

type Values = Readonly<Record<string, unknown>>

/** What a shared type holds. Values are as Yjs has them; a shared type among them is one of these again. */
export type Content =
  | { readonly kind: 'text'; readonly pieces: readonly Piece[]; readonly attributes: Values }
  | { readonly kind: 'map'; readonly entries: Values }
  | { readonly kind: 'array'; readonly values: readonly unknown[]; readonly attributes: Values }
  | { readonly kind: 'xml'; readonly nodes: readonly XmlNode[]; readonly attributes: Values }

/** A shared type inside another. */
export class Nested {
  readonly content: Content

  constructor(content: Content) {
    this.content = content
  }
}

/** Everything that a document holds at a position, by the names of its shared types, the known ones first. */
export function readContent(history: HistoryDocument, seq: number): ReadonlyMap<string, Content> {
  const reader = new Reader(history, history.position(seq))
  const known: readonly string[] = Object.values(DOCUMENT_FIELDS)
  const names = [...history.structure.share.keys()].sort(
    (a, b) => rank(known, a) - rank(known, b) || (a < b ? -1 : 1),
  )
  const contents = new Map<string, Content>()
  for (const name of names) {
    const type = history.structure.share.get(name)
    const content = type === undefined ? undefined : reader.root(name, type)
    if (content !== undefined) contents.set(name, content)
  }
  return contents
}

const rank = (known: readonly string[], name: string): number =>
  known.includes(name) ? known.indexOf(name) : known.length

class Reader {
  readonly #history: HistoryDocument
  readonly #position: Position

  constructor(history: HistoryDocument, position: Position) {
    this.#history = history
    this.#position = position
  }

  /** Undefined where nothing had ever been put into it. */
  root(name: string, type: SharedType): Content | undefined {
    const there = [...items(type)].some((item) => this.#position.known(item.id.client) > item.id.clock)
    const kind = kindOfRoot(name, type)
    return there && kind !== undefined ? this.#content(kind, type) : undefined
  }

  #content(kind: Content['kind'], type: SharedType): Content {
    switch (kind) {
      case 'text':
        return { kind, pieces: this.#pieces(type), attributes: this.#entries(type) }
      case 'map':
        return { kind, entries: this.#entries(type) }
      case 'array':
        return { kind, values: this.#values(type), attributes: this.#entries(type) }
      case 'xml':
        return { kind, nodes: this.#nodes(type), attributes: this.#entries(type) }
    }
  }

  /** The visible parts of what stands in a list, in order, as ranges of each item's own ids. */
  *#visible(
    type: SharedType,
  ): Generator<{ readonly item: Y.Item; readonly from: number; readonly to: number }> {
    for (let item = type._start; item !== null; item = item.right) {
      const { client, clock } = item.id
      const end = clock + item.length
      for (let at = clock; at < end; ) {
        const { inside, end: until } = this.#position.stretch(client, at, end)
        if (inside) yield { item, from: at - clock, to: until - clock }
        at = until
      }
    }
  }

  #pieces(type: SharedType): readonly Piece[] {
    const pieces: Piece[] = []
    let attributes: Record<string, unknown> = {}
    let formatted = false
    let run: string[] = []
    const endRun = () => {
      if (run.length > 0) pieces.push(pieceOf(run.join(''), attributes))
      run = []
    }
    for (const { item, from, to } of this.#visible(type)) {
      const { content } = item
      if (content instanceof Y.ContentString) {
        const { client, clock } = item.id
        const text = from === 0 && to === item.length ? content.str : content.str.slice(from, to)
        run.push(this.#history.textAt(text, client, clock + from, this.#position.seq))
      } else if (content instanceof Y.ContentFormat) {
        endRun()
        formatted = true
        attributes = { ...attributes, [content.key]: content.value }
        if (content.value === null) delete attributes[content.key]
      } else {
        endRun()
        for (const embed of this.#contentValues(content, from, to))
          pieces.push(pieceOf({ embed }, attributes))
      }
    }
    endRun()
    return formatted ? joined(pieces) : pieces
  }

  #values(type: SharedType): readonly unknown[] {
    const values: unknown[] = []
    for (const { item, from, to } of this.#visible(type)) {
      // One by one: an item may hold more than a call takes arguments.
      if (item.countable) for (const value of this.#contentValues(item.content, from, to)) values.push(value)
    }
    return values
  }

  #contentValues(content: Y.Item['content'], from: number, to: number): readonly unknown[] {
    if (content instanceof Y.ContentType) return [new Nested(this.#nested(content.type))]
    return content.getContent().slice(from, to)
  }

  #entries(type: SharedType): Values {
    const entries: Record<string, unknown> = {}
    for (const [key, newest] of type._map) {
      const shown = shownEntry(newest, this.#position)
      if (shown === undefined) continue
      const [value] = this.#contentValues(shown.item.content, shown.from, shown.to)
      // `__proto__` is a key like any other here.
      Object.defineProperty(entries, key, { value, enumerable: true, configurable: true, writable: true })
    }
    return entries
  }

  #nodes(type: SharedType): readonly XmlNode[] {
    const nodes: XmlNode[] = []
    for (const { item } of this.#visible(type)) {
      if (!(item.content instanceof Y.ContentType)) continue
      const child = item.content.type
      if (child instanceof Y.XmlText) nodes.push({ kind: 'text', pieces: this.#pieces(child) })
      else if (child instanceof Y.XmlElement || child instanceof Y.XmlHook) {
        nodes.push({
          kind: 'element',
          name: child instanceof Y.XmlHook ? child.hookName : child.nodeName,
          attributes: this.#entries(child),
          children: this.#nodes(child),
        })
      } else if (child instanceof Y.XmlFragment) nodes.push(...this.#nodes(child))
    }
    return nodes
  }

  #nested(type: SharedType): Content {
    if (type instanceof Y.XmlElement || type instanceof Y.XmlHook) {
      const name = type instanceof Y.XmlHook ? type.hookName : type.nodeName
      const attributes = this.#entries(type)
      const node: XmlNode = { kind: 'element', name, attributes, children: this.#nodes(type) }
      return { kind: 'xml', nodes: [node], attributes: {} }
    }
    if (type instanceof Y.XmlFragment) return this.#content('xml', type)
    if (type instanceof Y.Text) return this.#content('text', type)
    return this.#content(type instanceof Y.Map ? 'map' : 'array', type)
  }
}

function pieceOf(insert: Piece['insert'], attributes: Readonly<Record<string, unknown>>): Piece {
  return Object.keys(attributes).length === 0 ? { insert } : { insert, attributes }
}

/** Neighbours of one format as one: where a piece ends is a matter of who typed it when. */
function joined(pieces: readonly Piece[]): readonly Piece[] {
  const all: Piece[] = []
  for (const piece of pieces) {
    const last = all.at(-1)
    if (
      typeof last?.insert === 'string' &&
      typeof piece.insert === 'string' &&
      sameFormats(last.attributes, piece.attributes)
    ) {
      all[all.length - 1] = { ...last, insert: last.insert + piece.insert }
    } else all.push(piece)
  }
  return all
}

function sameFormats(one: Piece['attributes'] = {}, other: Piece['attributes'] = {}): boolean {
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && JSON.stringify(one[key]) === JSON.stringify(other[key]))
  )
}

/** All that was ever put into a type, deleted or not. */
function* items(type: SharedType): Generator<Y.Item> {
  for (let item = type._start; item !== null; item = item.right) yield item
  for (const newest of type._map.values())
    for (let item: Y.Item | null = newest; item; item = item.left) yield item
}

/** As what stands in it tells; and where nothing does, as documents of ours have it. */
function kindOfRoot(name: string, type: SharedType): Content['kind'] | undefined {
  const kind = kindOf(type)
  if (kind === 'text' || kind === 'array' || kind === 'map') return kind
  if (kind !== undefined) return 'xml'
  if (name === DOCUMENT_FIELDS.code) return 'text'
  return name === DOCUMENT_FIELDS.rich ? 'xml' : undefined
}
