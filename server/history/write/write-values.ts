import * as Y from 'yjs'
import { kindOf } from '../compare/shared-type.ts'
import { textOf } from '../content/delta.ts'
import type { Content, XmlNode } from '../content/read.ts'
import { richText, toProseMirror } from '../content/rich-text.ts'
import { encodeJson } from '../json.ts'
import { align, alignBest, type Pairs } from './align.ts'
import { EXACT, type Fidelity } from './fidelity.ts'
import { richNodes, textPieces } from './from-json.ts'
import { invalid } from './invalid.ts'
import { piecesOf, readChild, readRich, writeElement, writeRich } from './write-rich.ts'
import { writeText } from './write-text.ts'

type Values = Readonly<Record<string, unknown>>

/** Makes a document's shared types read as these; one that is not named is emptied. */
export function writeTypes(doc: Y.Doc, contents: ReadonlyMap<string, Content>): void {
  for (const [name, content] of contents) writeRoot(doc, name, content, EXACT)
  for (const [name, type] of doc.share) {
    const kind = kindOf(type)
    if (contents.has(name) || kind === undefined) continue
    writeRoot(doc, name, emptyOf(kind), EXACT)
  }
}

/** @throws SynclineError `content-invalid` where the document has something of another kind under that name */
function writeRoot(doc: Y.Doc, name: string, content: Content, fidelity: Fidelity): void {
  const type = doc.share.get(name)
  const is = type && kindOf(type)
  if (is !== undefined && emptyOf(is).kind !== content.kind) invalid(`${name} is of another kind here`)
  switch (content.kind) {
    case 'text':
      writeText(doc.getText(name), content.pieces, fidelity)
      break
    case 'xml':
      writeRich(doc.getXmlFragment(name), content.nodes, fidelity)
      break
    case 'map':
      writeMap(doc.getMap(name), content.entries)
      break
    case 'array':
      writeArray(doc.getArray(name), content.values)
      break
  }
}

function emptyOf(kind: NonNullable<ReturnType<typeof kindOf>>): Content {
  switch (kind) {
    case 'text':
      return { kind, pieces: [], attributes: {} }
    case 'map':
      return { kind, entries: {} }
    case 'array':
      return { kind, values: [], attributes: {} }
    default:
      return { kind: 'xml', nodes: [], attributes: {} }
  }
}

function writeMap(map: Y.Map<unknown>, wanted: Values): void {
  for (const key of map.keys()) if (!Object.hasOwn(wanted, key)) map.delete(key)
  for (const [key, value] of Object.entries(wanted)) {
    if (!map.has(key) || !writeInto(map.get(key), value)) map.set(key, plain(value))
  }
}

function writeArray(array: Y.Array<unknown>, wanted: readonly unknown[]): void {
  const before = array.toArray()
  let until = before.length
  let otherUntil = wanted.length
  // From the end, so that what was not looked at yet stays where it is.
  for (const [index, other] of [[-1, -1] as const, ...pairsOf(before, wanted)].reverse()) {
    const [from, otherFrom] = [index + 1, other + 1]
    if (until > from) array.delete(from, until - from)
    if (otherUntil > otherFrom) array.insert(from, wanted.slice(otherFrom, otherUntil).map(plain))
    if (fits(before[index], wanted[other])) writeInto(before[index], wanted[other])
    until = index
    otherUntil = other
  }
}

/** Values that are the same; and between those, shared types with what they can be made to read as. */
function pairsOf(before: readonly unknown[], wanted: readonly unknown[]): Pairs {
  const same = align(before.map(said), wanted.map(said))
  const all: (readonly [number, number])[] = []
  let from = 0
  let otherFrom = 0
  for (const [until, otherUntil] of [...same, [before.length, wanted.length] as const]) {
    const [start, otherStart] = [from, otherFrom]
    const into = alignBest(until - start, otherUntil - otherStart, (a, b) =>
      fits(before[start + a], wanted[otherStart + b]) ? 1 : 0,
    )
    for (const [a, b] of into) all.push([start + a, otherStart + b])
    if (until < before.length) all.push([until, otherUntil])
    from = until + 1
    otherFrom = otherUntil + 1
  }
  return all
}

/** Whether a value is a shared type that can be made to read so where it stands. */
function fits(value: unknown, wanted: unknown): boolean {
  if (value instanceof Y.Array) return Array.isArray(wanted)
  if (value instanceof Y.XmlFragment) return isRecord(wanted) && wanted.type === 'doc'
  if (value instanceof Y.Text)
    return typeof wanted === 'string' || (isRecord(wanted) && Array.isArray(wanted.delta))
  return value instanceof Y.Map && isRecord(wanted)
}

/** Whether a value could be made to read so where it stands. */
function writeInto(value: unknown, wanted: unknown): boolean {
  if (said(value) === said(wanted)) return true
  if (!fits(value, wanted)) return false
  if (value instanceof Y.Map && isRecord(wanted)) writeMap(value, wanted)
  else if (value instanceof Y.Array && Array.isArray(wanted)) writeArray(value, wanted)
  else if (value instanceof Y.XmlElement) writeElement(value, richNodes(wanted), EXACT)
  else if (value instanceof Y.XmlFragment) writeRich(value, richNodes(wanted), EXACT)
  else if (value instanceof Y.Text)
    writeText(value, textPieces(typeof wanted === 'string' ? { value: wanted } : Object(wanted)), EXACT)
  return true
}

const isRecord = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const said = (value: unknown): string => Buffer.from(encodeJson(unnested(value))).toString()

/** What stands in it; or itself, where it is an element. */
const nodesOf = (value: Y.XmlFragment): readonly XmlNode[] =>
  value instanceof Y.XmlElement ? [readChild(value)] : readRich(value)

/** A value as `GET …/content?format=json` says it. */
function unnested(value: unknown): unknown {
  if (value instanceof Y.Map)
    return sorted(Object.fromEntries([...value].map(([key, one]) => [key, unnested(one)])))
  if (value instanceof Y.Array) return value.toArray().map(unnested)
  if (value instanceof Y.XmlFragment) return unnested(toProseMirror(richText(nodesOf(value))))
  if (value instanceof Y.Text) {
    const pieces = piecesOf(value)
    const plainText = pieces.every(({ insert, attributes }) => typeof insert === 'string' && !attributes)
    return plainText ? textOf(pieces) : unnested({ delta: value.toDelta() })
  }
  if (value instanceof Uint8Array || !isRecord(value))
    return Array.isArray(value) ? value.map(unnested) : (value ?? null)
  return sorted(Object.fromEntries(Object.entries(value).map(([key, one]) => [key, unnested(one)])))
}

const sorted = (record: Values): Values =>
  Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))

/** What JSON says of what it cannot say: see `encodeJson`. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (!isRecord(value)) return typeof value === 'string' ? value.toWellFormed() : value
  const [entry, ...more] = Object.entries(value)
  if (entry !== undefined && more.length === 0 && typeof entry[1] === 'string') {
    const [key, text] = entry
    if (key === 'bytes' && isBase64(text)) return new Uint8Array(Buffer.from(text, 'base64'))
    if (key === 'integer' && /^-?\d{1,18}$/.test(text)) return BigInt(text)
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]))
}

const isBase64 = (text: string): boolean => Buffer.from(text, 'base64').toString('base64') === text
