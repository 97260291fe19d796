import type { Piece } from './delta.ts'
import { textOf } from './delta.ts'
import { type Content, Nested } from './read.ts'
import { richText, toProseMirror } from './rich-text.ts'

/**
 * Every shared type by its name, for `encodeJson`. Text is a string, and a delta too where it has formats; rich text
 * is ProseMirror's JSON.
 */
export const typesJson = (contents: ReadonlyMap<string, Content>): unknown =>
  Object.fromEntries(
    [...contents].map(([name, content]) => [name, { kind: content.kind, ...typeJson(content) }]),
  )

function typeJson(content: Content): Readonly<Record<string, unknown>> {
  if (content.kind === 'map') return { value: recordJson(content.entries) }
  const attributes =
    Object.keys(content.attributes).length > 0 ? { attributes: recordJson(content.attributes) } : {}
  if (content.kind === 'array') return { value: content.values.map(valueJson), ...attributes }
  if (content.kind === 'xml') return { value: toProseMirror(richText(content.nodes)), ...attributes }
  return { value: textOf(content.pieces), ...deltaJson(content.pieces), ...attributes }
}

function deltaJson(pieces: readonly Piece[]): Readonly<Record<string, unknown>> {
  const plain = pieces.every(
    ({ insert, attributes }) => typeof insert === 'string' && attributes === undefined,
  )
  if (plain) return {}
  const delta = pieces.map(({ insert, attributes }) => ({
    insert: typeof insert === 'string' ? insert : valueJson(insert.embed),
    ...(attributes !== undefined && { attributes: recordJson(attributes) }),
  }))
  return { delta }
}

const recordJson = (record: Readonly<Record<string, unknown>>): unknown =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, valueJson(value)]))

/** A value of a list or a map, where another shared type may stand. */
function valueJson(value: unknown): unknown {
  if (!(value instanceof Nested)) return value ?? null
  const { content } = value
  if (content.kind === 'map') return recordJson(content.entries)
  if (content.kind === 'array') return content.values.map(valueJson)
  if (content.kind === 'xml') return toProseMirror(richText(content.nodes))
  const { delta } = deltaJson(content.pieces)
  return delta === undefined ? textOf(content.pieces) : { delta }
}
