import { Node as ProseMirrorNode } from 'prosemirror-model'
import { z } from 'zod'
import type { Piece } from '../content/delta.ts'
import type { Content, XmlNode } from '../content/read.ts'
import { imageUrl, linkUrl } from '../content/url.ts'
import { invalid, MAX_DEPTH } from './invalid.ts'
import { schema } from './schema.ts'

const record = z.record(z.string(), z.unknown())
const markSchema = z.object({ type: z.string().min(1), attrs: record.nullish() })
const nodeSchema = z.object({
  type: z.string().min(1),
  attrs: record.nullish(),
  content: z.array(z.unknown()).nullish(),
  text: z.string().optional(),
  marks: z.array(markSchema).nullish(),
})
type Node = z.infer<typeof nodeSchema>
type Mark = z.infer<typeof markSchema>

const embedded = z.union([z.string(), record])
const deltaSchema = z.array(z.object({ insert: embedded, attributes: record.optional() }))
const typeSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), value: z.string().optional(), delta: deltaSchema.optional() }),
  z.strictObject({ kind: z.literal('map'), value: record }),
  z.strictObject({ kind: z.literal('array'), value: z.array(z.unknown()) }),
  z.strictObject({ kind: z.literal('xml'), value: z.object({ type: z.literal('doc') }).loose() }),
])

/** What JSON says a document is to hold: its rich text, or all of its shared types. */
export type Said =
  | { readonly kind: 'rich'; readonly nodes: readonly XmlNode[] }
  | { readonly kind: 'types'; readonly contents: ReadonlyMap<string, Content> }

/**
 * Reads what `GET …/content?format=json` answers (`{ types: … }`), or a document as ProseMirror's JSON (`{ type: 'doc' }`).
 * @throws SynclineError `content-invalid`
 */
export function fromJson(body: string): Said {
  const value = bounded(parsed(body))
  if (Object(value).type === 'doc') return { kind: 'rich', nodes: richNodes(value) }
  const { types } = Object(value)
  if (typeof types !== 'object' || types === null)
    invalid('it is neither { "type": "doc", … } nor { "types": … }')
  return {
    kind: 'types',
    contents: new Map(Object.entries(types).map(([name, type]) => [name, contentOf(name, type)])),
  }
}

/** The nodes of a document in ProseMirror's JSON. */
export function richNodes(doc: unknown): readonly XmlNode[] {
  const { content } = held(nodeSchema, doc, 'the document')
  const nodes = (content ?? []).map((child) => held(nodeSchema, child, 'a node'))
  const known = nodes.every(isKnown)
  if (known) checkAgainstSchema(doc)
  return grouped(nodes)
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch (error) {
    invalid(`it is no JSON: ${error instanceof Error ? error.message : 'it cannot be read'}`)
  }
}

/** Without anything nested too deeply for who goes down into it by calls. */
function bounded(value: unknown): unknown {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    // An element is an object in a list of an object.
    if (depth > 2 * MAX_DEPTH) invalid(`it is nested more than ${MAX_DEPTH} deep`)
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
  }
  return value
}

function held<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.infer<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  return invalid(`${what}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not of its form'}`)
}

function contentOf(name: string, value: unknown): Content {
  const type = held(typeSchema, value, name)
  switch (type.kind) {
    case 'text': {
      if (type.value === undefined && type.delta === undefined)
        invalid(`${name}: it has neither value nor delta`)
      return { kind: 'text', pieces: textPieces(type), attributes: {} }
    }
    case 'map':
      return { kind: 'map', entries: type.value }
    case 'array':
      return { kind: 'array', values: type.value, attributes: {} }
    case 'xml':
      return { kind: 'xml', nodes: richNodes(type.value), attributes: {} }
  }
}

/** The pieces of a text: of its delta where it has one. @throws SynclineError `content-invalid` */
export function textPieces({ value, delta }: Readonly<Record<string, unknown>>): readonly Piece[] {
  const pieces =
    delta === undefined
      ? [{ insert: wellFormed(typeof value === 'string' ? value : '') }]
      : held(deltaSchema, delta, 'a text').map(pieceOf)
  return pieces.filter(({ insert }) => insert !== '')
}

const pieceOf = ({ insert, attributes }: z.infer<typeof deltaSchema>[number]): Piece => ({
  insert: typeof insert === 'string' ? wellFormed(insert) : { embed: insert },
  ...(attributes !== undefined && Object.keys(attributes).length > 0 && { attributes }),
})

const wellFormed = (text: string): string => text.toWellFormed()

/** Whether the editor's schema has all of it. What it does not have is an application's own, and passes as it is. */
function isKnown(node: Node): boolean {
  return (
    Object.hasOwn(schema.nodes, node.type) &&
    (node.marks ?? []).every(({ type }) => Object.hasOwn(schema.marks, type)) &&
    (node.content ?? []).every((child) => isKnown(held(nodeSchema, child, 'a node')))
  )
}

/** An editor takes what its schema does not allow out of the document, and everybody would lose it. */
function checkAgainstSchema(doc: unknown): void {
  try {
    ProseMirrorNode.fromJSON(schema, doc).check()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    invalid(error.message)
  }
}

/** Neighbouring texts are one text with formats, as editors have it in a Y.XmlText. */
function grouped(nodes: readonly Node[]): readonly XmlNode[] {
  const all: XmlNode[] = []
  let pieces: Piece[] = []
  const close = () => {
    if (pieces.length > 0) all.push({ kind: 'text', pieces })
    pieces = []
  }
  for (const node of nodes) {
    const piece = inText(node)
    if (piece !== undefined) {
      if (piece.insert !== '') pieces.push(piece)
      continue
    }
    close()
    all.push({
      kind: 'element',
      name: node.type,
      attributes: attributesOf(node),
      children: grouped((node.content ?? []).map((child) => held(nodeSchema, child, 'a node'))),
    })
  }
  close()
  return all
}

/** What stands in a text itself: characters, and what is embedded there. */
function inText(node: Node): Piece | undefined {
  const attributes = marksOf(node.marks ?? [])
  if (node.type === 'text') {
    if (node.text === undefined) invalid('a text without text')
    return { insert: wellFormed(node.text), ...(attributes !== undefined && { attributes }) }
  }
  const value: unknown = node.attrs?.value
  if (node.type !== 'embed' || typeof value !== 'object' || value === null) return undefined
  return { insert: { embed: value }, ...(attributes !== undefined && { attributes }) }
}

function marksOf(marks: readonly Mark[]): Record<string, unknown> | undefined {
  if (marks.length === 0) return undefined
  const names = marks.map(({ type }) => type)
  return Object.fromEntries(
    marks.map(({ type, attrs }) => {
      if (type === 'link' && linkUrl(attrs?.href) === undefined) invalid('a link leads where none may')
      const several = names.filter((name) => name === type).length > 1
      return [several ? `${type}--${hashOf(attrs)}` : type, attrs ?? {}]
    }),
  )
}

/** Of a mark of which several lie over one character y-tiptap keeps each under a name of its own. */
function hashOf(attrs: unknown): string {
  let hash = 0
  for (const char of JSON.stringify(attrs ?? {}))
    hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) | 0
  return Buffer.from(String(hash >>> 0).padStart(10, '0'))
    .toString('base64')
    .slice(-8)
}

/** Without what is null, as editors leave it out of a shared document. */
function attributesOf({ type, attrs }: Node): Record<string, unknown> {
  if (type === 'image' && attrs?.src != null && imageUrl(attrs.src) === undefined)
    invalid('a picture is where none may be')
  return Object.fromEntries(
    Object.entries(attrs ?? {}).flatMap(([name, value]) =>
      value === null ? [] : [[name, typeof value === 'string' ? wellFormed(value) : value]],
    ),
  )
}
