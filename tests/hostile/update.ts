import { joined, type Part, pack, type Raw, raw } from './bytes.ts'

/** Whose struct, and which. */
export type Id = readonly [client: number, clock: number]

/** Yjs' kinds of content. */
const KIND = {
  deleted: 1,
  json: 2,
  binary: 3,
  string: 4,
  embed: 5,
  format: 6,
  type: 7,
  any: 8,
  doc: 9,
} as const
/** Yjs' kinds of shared types. */
export const TYPE = { array: 0, map: 1, text: 2, element: 3, fragment: 4, hook: 5, xmlText: 6 } as const

interface Content {
  readonly kind: number
  readonly body: Raw
}

const content = (kind: number, ...parts: readonly Part[]): Content => ({ kind, body: joined(...parts) })

export const string = (text: string | Uint8Array): Content => content(KIND.string, text)
export const deleted = (length: number): Content => content(KIND.deleted, length)
export const binary = (bytes: Uint8Array): Content => content(KIND.binary, bytes)
export const embed = (json: string): Content => content(KIND.embed, json)
export const format = (key: string, json: string): Content => content(KIND.format, key, json)
export const type = (kind: number, name?: string): Content =>
  content(KIND.type, kind, ...(name === undefined ? [] : [name]))
export const json = (...values: readonly string[]): Content =>
  content(KIND.json, values.length, joined(values))
export const subdocument = (): Content => content(KIND.doc, 'a subdocument', raw(118, 0))
export const unknown = (kind: number): Content => content(kind)
/** Values that are encoded already, each starting with its type byte. */
export const any = (values: readonly Raw[], declared = values.length): Content =>
  content(KIND.any, declared, values)

export const anyString = (text: string): Raw => joined(raw(119), text)
/** Arrays in arrays, `depth` of them. */
export const anyNested = (depth: number): Raw => ({
  raw: Uint8Array.from({ length: 2 * depth + 1 }, (_, i) => (i === 2 * depth ? 126 : i % 2 === 0 ? 117 : 1)),
})
/** The same as JSON. */
export const jsonNested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

interface Place {
  readonly origin?: Id
  readonly rightOrigin?: Id
  /** A root type's name, or the item whose type it is in; told only where there is no origin. */
  readonly parent?: string | Id
  readonly key?: string
}

/** One item: its content, and where it says that it stands. */
export function item(what: Content, { origin, rightOrigin, parent = 'content', key }: Place = {}): Raw {
  const info = what.kind | (origin ? 0x80 : 0) | (rightOrigin ? 0x40 : 0) | (key === undefined ? 0 : 0x20)
  const parts: Part[] = [raw(info)]
  if (origin) parts.push(...origin)
  if (rightOrigin) parts.push(...rightOrigin)
  if (!origin && !rightOrigin) {
    parts.push(...(typeof parent === 'string' ? [1, parent] : [0, ...parent]))
    if (key !== undefined) parts.push(key)
  }
  return joined(...parts, what.body)
}

export const gc = (length: number): Raw => joined(0, length)
export const skip = (length: number): Raw => joined(10, length)

/** What one client wrote from a clock on. `declared` may lie. */
export const by = (
  [client, clock]: readonly [client: Part, clock: Part],
  structs: readonly Raw[],
  declared: Part = structs.length,
): Raw => joined(declared, client, clock, structs)

/** Ranges of one client that are deleted. */
export const deletions = (
  client: number,
  ranges: readonly (readonly [clock: Part, length: Part])[],
  declared: Part = ranges.length,
): Raw => joined(client, declared, ranges)

/** A whole update in Yjs' first encoding. */
export const update = (sections: readonly Raw[], deletes: readonly Raw[] = []): Uint8Array =>
  pack(sections.length, sections, deletes.length, deletes)
