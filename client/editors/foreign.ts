import { type Extensions, getSchema } from '@tiptap/core'
import type { MarkType, NodeType, Schema } from '@tiptap/pm/model'
import * as Y from 'yjs'
import { DOCUMENT_FIELDS } from '../../server/protocol.ts'
import type { Room } from '../sdk/room.ts'

/** What an editor would take out of a shared document, for everybody, because its schema has no place for it. */
export interface ForeignContent {
  /** What the first of it is called: a node, or a mark. `undefined` where the editor keeps all there is. */
  get(): string | undefined
  /** Called when that changes, before whatever observes the fragment later hears of it. */
  subscribe(listener: () => void): () => void
}

export interface ForeignContentOptions {
  readonly room: Room
  /** Those of the editor; what nodes and marks it knows follows from them. */
  readonly extensions: Extensions
  /** The Y.XmlFragment that the editor edits. */
  readonly field?: string
}

/** Looks before an editor is made, and goes on looking for as long as somebody is subscribed. */
export const foreignContent = ({
  room,
  extensions,
  field = DOCUMENT_FIELDS.rich,
}: ForeignContentOptions): ForeignContent => foreignTo(getSchema(extensions), room.doc.getXmlFragment(field))

export function foreignTo(schema: Schema, fragment: Y.XmlFragment): ForeignContent {
  const listeners = new Set<() => void>()
  const elements = new Elements(schema)
  let found: string | undefined
  const look = (_: unknown, transaction: Y.Transaction): void => {
    elements.forget(transaction)
    const before = found
    found = elements.foreignIn(fragment)
    if (found !== before) for (const listener of [...listeners]) listener()
  }
  return {
    get: () => (listeners.size === 0 ? new Elements(schema).foreignIn(fragment) : found),
    subscribe: (listener) => {
      if (listeners.size === 0) {
        elements.clear()
        found = elements.foreignIn(fragment)
        fragment.observeDeep(look)
      }
      listeners.add(listener)
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) fragment.unobserveDeep(look)
      }
    },
  }
}

interface Known {
  /** y-tiptap takes out what stands where it may not; where others deleted at once, that may be what is left over. */
  readonly kept: boolean
  readonly says: boolean
}

/** As y-tiptap builds its nodes, but that nothing is built and nothing deleted; each element is looked at once. */
class Elements {
  readonly #schema: Schema
  #known = new WeakMap<Y.XmlElement, Known>()

  constructor(schema: Schema) {
    this.#schema = schema
  }

  forget({ changed, changedParentTypes }: Y.Transaction): void {
    for (const types of [changed, changedParentTypes]) {
      for (const type of types.keys()) if (type instanceof Y.XmlElement) this.#known.delete(type)
    }
  }

  clear(): void {
    this.#known = new WeakMap()
  }

  foreignIn(fragment: Y.XmlFragment): string | undefined {
    const inside = this.#within(fragment, this.#schema.topNodeType)
    // What is missing at its end the editor adds to itself alone.
    return typeof inside === 'string' ? inside : inside.wrong
  }

  #look(element: Y.XmlElement): Known | string {
    const known = this.#known.get(element)
    if (known !== undefined) return known
    const name = element.nodeName
    const type = this.#schema.nodes[name]
    if (type === undefined || type.isText || !fits(element.getAttributes(), type)) return name
    const inside = this.#within(element, type)
    if (typeof inside === 'string') return inside
    const kept = inside.wrong === undefined && inside.complete
    if (!kept && inside.says) return name
    const seen = { kept, says: inside.says || (kept && type.isLeaf) }
    this.#known.set(element, seen)
    return seen
  }

  /** What is foreign, or how that which is not fits in. */
  #within(parent: Y.XmlFragment, type: NodeType) {
    let match: NodeType['contentMatch'] | null = type.contentMatch
    let wrong: string | undefined
    let says = false
    for (const child of parent.toArray()) {
      const next = child instanceof Y.XmlElement ? this.#look(child) : this.#words(child, type)
      if (typeof next === 'string') return next
      says ||= next.says
      if (!next.kept) continue
      const name = child instanceof Y.XmlElement ? child.nodeName : 'text'
      const childType = this.#schema.nodes[name]
      match = (childType && match?.matchType(childType)) ?? null
      if (match === null) wrong ??= name
    }
    return { wrong, says, complete: match?.validEnd === true }
  }

  #words(text: unknown, parent: NodeType): Known | string {
    if (!(text instanceof Y.XmlText)) return 'shared type'
    const runs: readonly { insert: unknown; attributes?: Readonly<Record<string, unknown>> }[] =
      text.toDelta()
    for (const { insert, attributes = {} } of runs) {
      if (typeof insert !== 'string') return 'embed'
      for (const [key, said] of Object.entries(attributes)) {
        const name = markName(key)
        const type = this.#schema.marks[name]
        if (type === undefined || !parent.allowsMarkType(type) || !fits(said, type)) return name
      }
    }
    return { kept: runs.length > 0, says: runs.length > 0 }
  }
}

/** Of marks that may overlap with themselves, y-tiptap tells one from the other by a hash at the end of the name. */
const markName = (key: string): string => /^(.*)--[a-zA-Z0-9+/=]{8}$/.exec(key)?.[1] ?? key

/**
 * Whether nothing is said that an editor does not know, and all that it has to know. With `dropsAttributes` in its
 * schema, a node or mark is the editor's though it says more.
 */
function fits(said: unknown, { spec }: NodeType | MarkType): boolean {
  const given: unknown = said === true ? {} : said
  if (typeof given !== 'object' || given === null) return false
  const known: Readonly<Record<string, object>> = spec.attrs ?? {}
  return (
    Object.entries(given).every(
      ([name, value]) => value === null || Object.hasOwn(known, name) || spec.dropsAttributes === true,
    ) &&
    Object.entries(known).every(
      ([name, rule]) => Object.hasOwn(rule, 'default') || Object.hasOwn(given, name),
    )
  )
}
