import { DOCUMENT_FIELDS, type Editor } from '../../../server/protocol.ts'
import { languageOf } from '../languages.ts'
import type { Author, PositionContent, Run, RunStatus, TypeRuns, Types } from './api.ts'

export interface ShownText {
  readonly kind: 'text'
  readonly text: string
  readonly marks: Readonly<Record<string, unknown>>
  readonly status: RunStatus
  readonly by?: Author | undefined
  /** The thread that was about it. */
  readonly thread?: { readonly id: string; readonly active: boolean } | undefined
}

export interface ShownNode {
  readonly kind: 'node'
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly children: readonly ShownPiece[]
  readonly status: RunStatus
  readonly by?: Author | undefined
}

export type ShownPiece = ShownText | ShownNode

/** What a document held, as both editors can show it. */
export interface Shown {
  /** `undefined` where nothing is in it yet. */
  readonly editor: Editor | undefined
  readonly title: string | undefined
  readonly language: string
  readonly code: readonly ShownText[]
  readonly rich: readonly ShownPiece[]
  /** Of a room that is for neither editor: all that it holds. */
  readonly data: Types
}

/** A position as it was. */
export function shownContent({ types }: PositionContent): Shown {
  const code = types[DOCUMENT_FIELDS.code]?.value
  const rich = types[DOCUMENT_FIELDS.rich]?.value
  const meta = record(types[DOCUMENT_FIELDS.meta]?.value)
  return shown(
    meta,
    typeof code === 'string' && code !== '' ? [plain(code)] : [],
    list(record(rich).content).map(fromProseMirror),
    Object.fromEntries(Object.entries(types).map(([name, type]) => [name, unchanged(type)])),
  )
}

/** A shared type in which nothing is marked. */
function unchanged({ kind, value }: PositionContent['types'][string]): TypeRuns {
  if (kind === 'map') {
    const entries = Object.entries(record(value)).map(([key, value]) => [
      key,
      { status: 'equal', after: { value } },
    ])
    return { kind, entries: Object.fromEntries(entries) }
  }
  if (typeof value === 'string') return { kind, runs: [{ status: 'equal', text: value }] }
  const values = Array.isArray(value) ? value : [value]
  return { kind: 'array', runs: values.map((one) => ({ status: 'equal', values: [one] })) }
}

/** A position with what was done to it marked. */
export function shownTypes(types: Types): Shown {
  const entries = Object.entries(types[DOCUMENT_FIELDS.meta]?.entries ?? {})
  const meta = Object.fromEntries(entries.map(([key, { after }]) => [key, after?.value]))
  const code = (types[DOCUMENT_FIELDS.code]?.runs ?? []).flatMap(fromRun)
  const rich = (types[DOCUMENT_FIELDS.rich]?.runs ?? []).flatMap(fromRun)
  return shown(
    meta,
    code.filter((piece) => piece.kind === 'text'),
    rich,
    types,
  )
}

function shown(
  meta: Readonly<Record<string, unknown>>,
  code: readonly ShownText[],
  rich: readonly ShownPiece[],
  types: Types,
): Shown {
  const said = meta.editor === 'code' || meta.editor === 'rich' ? meta.editor : undefined
  const editor = said ?? (code.length > 0 ? 'code' : rich.length > 0 ? 'rich' : undefined)
  const data = editor === undefined ? Object.fromEntries(Object.entries(types).filter(holdsSomething)) : {}
  const title = typeof meta.title === 'string' ? meta.title : undefined
  return { editor, title, language: languageOf(meta.language), code, rich, data }
}

const holdsSomething = ([, { entries = {}, runs = [] }]: readonly [string, TypeRuns]): boolean =>
  Object.keys(entries).length > 0 || runs.length > 0

const plain = (text: string): ShownText => ({ kind: 'text', text, marks: {}, status: 'equal' })

function fromProseMirror(value: unknown): ShownPiece {
  const { type, attrs, content, text, marks } = record(value)
  if (typeof text === 'string') {
    const names = list(marks).map((mark) => [String(record(mark).type), record(mark).attrs ?? {}])
    return { ...plain(text), marks: Object.fromEntries(names) }
  }
  const children = list(content).map(fromProseMirror)
  return { kind: 'node', name: String(type), attributes: record(attrs), children, status: 'equal' }
}

function fromRun({ text, node, marks = {}, status, by }: Run): readonly ShownPiece[] {
  if (text !== undefined) return [{ kind: 'text', text, marks, status, by }]
  if (node === undefined) return []
  if (node.name === undefined) return (node.runs ?? []).flatMap(fromRun)
  return [fromElement(node, node.name, status, by)]
}

function fromElement(
  { entries = {}, runs = [] }: TypeRuns,
  name: string,
  status: RunStatus,
  by: Author | undefined,
): ShownNode {
  const attributes = Object.entries(entries).map(([key, { before, after }]) => [
    key,
    (after ?? before)?.value,
  ])
  return {
    kind: 'node',
    name,
    attributes: Object.fromEntries(attributes),
    children: runs.flatMap(fromRun),
    status,
    by,
  }
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
