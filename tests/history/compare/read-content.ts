import { isDeepStrictEqual } from 'node:util'
import * as Y from 'yjs'
import type { Child, Content, ContentValue, TypeContent } from '../../../server/history/compare/sides.ts'
import type { HistoryEntry } from '../../../server/history/positions/history-document.ts'

/** What the log's first `seq` entries make, by replaying them: nothing of the history is used. */
export function replay(entries: readonly HistoryEntry[], seq: number): Y.Doc {
  const doc = new Y.Doc()
  for (const { bytes } of entries.slice(0, seq)) Y.applyUpdate(doc, bytes)
  return doc
}

/** A document of tests/history/session.ts as the types that it was written as, read as applications read it. */
export function readContent(doc: Y.Doc): Content {
  const types = {
    content: doc.getText('content'),
    default: doc.getXmlFragment('default'),
    list: doc.getArray('list'),
    meta: doc.getMap('meta'),
  }
  return Object.fromEntries(
    Object.entries(types)
      .map(([name, type]) => [name, readType(type)] as const)
      .filter(([, { children = [], entries = {} }]) => children.length + Object.keys(entries).length > 0),
  )
}

function readType(type: unknown): TypeContent {
  if (type instanceof Y.Text) return { kind: 'text', children: readText(type) }
  if (type instanceof Y.Map) {
    return {
      kind: 'map',
      entries: Object.fromEntries([...type].map(([key, value]) => [key, readValue(value)])),
    }
  }
  if (type instanceof Y.XmlElement) {
    const attributes = Object.entries(type.getAttributes()).map(([key, value]) => [key, { value }])
    return {
      kind: 'element',
      name: type.nodeName,
      ...(attributes.length > 0 && { entries: Object.fromEntries(attributes) }),
      children: type.toArray().map(readValue),
    }
  }
  if (type instanceof Y.XmlFragment) return { kind: 'fragment', children: type.toArray().map(readValue) }
  if (type instanceof Y.Array) return { kind: 'array', children: type.toArray().map(readValue) }
  throw new TypeError('not a shared type')
}

const readValue = (value: unknown): ContentValue =>
  value instanceof Y.AbstractType ? { node: readType(value) } : { value }

function readText(text: Y.Text): Child[] {
  const children: Child[] = []
  for (const { insert, attributes } of text.toDelta() as { insert: unknown; attributes?: object }[]) {
    const marks = attributes === undefined ? {} : { marks: attributes as Record<string, unknown> }
    const last = children.at(-1)
    if (typeof insert !== 'string') children.push({ embed: insert, ...marks })
    else if (last !== undefined && 'text' in last && isDeepStrictEqual(last.marks, marks.marks)) {
      children[children.length - 1] = { ...last, text: last.text + insert }
    } else children.push({ text: insert, ...marks })
  }
  return children
}
