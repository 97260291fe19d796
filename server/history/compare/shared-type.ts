import * as Y from 'yjs'
import type { TypeKind } from './diff-tree.ts'

export type SharedType = Y.ContentType['type']

function* itemsOf(type: SharedType): Generator<Y.Item> {
  for (let item = type._start; item !== null; item = item.right) yield item
}

/**
 * What kind of shared type this is. One at the top has none before somebody asks for it by one: what stands in
 * it tells, deleted or not, so that it is the same at every position. Undefined where nothing does.
 */
export function kindOf(type: SharedType): TypeKind | undefined {
  if (type instanceof Y.XmlHook) return 'hook'
  if (type instanceof Y.Map) return 'map'
  if (type instanceof Y.Text) return 'text' // a Y.XmlText as well
  if (type instanceof Y.XmlElement) return 'element'
  if (type instanceof Y.XmlFragment) return 'fragment'
  if (type instanceof Y.Array) return 'array'
  for (const { content } of itemsOf(type)) {
    if (content instanceof Y.ContentDeleted) continue
    return kindOfParent(content)
  }
  return type._map.size > 0 ? 'map' : undefined
}

function kindOfParent(content: Y.Item['content']): TypeKind {
  if (content instanceof Y.ContentString) return 'text'
  if (content instanceof Y.ContentFormat || content instanceof Y.ContentEmbed) return 'text'
  return content instanceof Y.ContentType && isXml(content.type) ? 'fragment' : 'array'
}

const isXml = (type: unknown): boolean =>
  type instanceof Y.XmlFragment || type instanceof Y.XmlText || type instanceof Y.XmlHook

/** The shared types at the top, in the order of their names. */
export const typesOf = (doc: Y.Doc): [name: string, type: SharedType][] =>
  [...doc.share].sort(([a], [b]) => (a < b ? -1 : 1))

export const nameOf = (type: SharedType): string | undefined =>
  type instanceof Y.XmlElement ? type.nodeName : type instanceof Y.XmlHook ? type.hookName : undefined

export const idOf = ({ id: { client, clock } }: Y.Item): string => `${client}:${clock}`
