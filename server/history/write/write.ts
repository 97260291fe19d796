import * as Y from 'yjs'
import { fingerprint } from '../../documents/fingerprint.ts'
import { SynclineError } from '../../errors.ts'
import type { Seq } from '../../log/entry.ts'
import type { Editor } from '../../protocol.ts'
import { kindOf } from '../compare/shared-type.ts'
import type { XmlNode } from '../content/read.ts'
import { plainText, richText } from '../content/rich-text.ts'
import { isBare } from '../content/said.ts'
import type { CurrentDocument } from './document.ts'
import { EXACT, HTML, MARKDOWN, PLAIN } from './fidelity.ts'
import { fromJson } from './from-json.ts'
import { invalid } from './invalid.ts'
import { patch } from './patch.ts'
import type { SentFormat, WriteRequest, Writing } from './requests.ts'
import { sentAs } from './sent.ts'
import { AS_IT_IS, SIMPLIFIED, type Simplified } from './simplified.ts'
import { codeOf, editorOf, otherTexts, richOf, sayEditor } from './target.ts'
import { made, readRich, writeRich } from './write-rich.ts'
import { writeText } from './write-text.ts'
import { writeTypes } from './write-values.ts'

const FIDELITY = { text: PLAIN, markdown: MARKDOWN, html: HTML, json: EXACT } as const

export interface PlannedWrite {
  /** The position that it was made for. */
  readonly head: Seq
  /** The edit; undefined where the document says what it is to say already. */
  readonly update: Uint8Array<ArrayBuffer> | undefined
  /** The client id that it is written under, and nothing else. */
  readonly client: number
  /** Of the document that it was made for, where nobody else may have written in that. */
  readonly fingerprint: string | undefined
  /** What of the content was made something else of. */
  readonly simplified: readonly Simplified[]
}

/**
 * The edit that does to a document what a request asks for. It is an ordinary one: what others write meanwhile is merged
 * with it.
 * @throws SynclineError `content-invalid`, `content-simplified`, `patch-stale`
 */
export function planWrite(
  { doc, head }: CurrentDocument,
  { writing, expect, strict, keyed }: WriteRequest,
): PlannedWrite {
  const updates: Uint8Array[] = []
  const before = expect === undefined ? undefined : fingerprint(doc)
  doc.on('update', (update) => updates.push(update))
  const simplified = doc.transact((transaction) => {
    const lost = write(doc, writing)
    if (keyed && transaction.deleteSet.clients.size > 0) leaveMark(doc)
    return SIMPLIFIED.filter((one) => lost.has(one))
  })
  if (strict && simplified.length > 0) throw new SynclineError('content-simplified', simplified.join(', '))
  const update = updates.length === 0 ? undefined : new Uint8Array(Y.mergeUpdates(updates))
  return { head, update, client: doc.clientID, fingerprint: before, simplified }
}

/** An edit that only deletes writes nothing under its client id, by which it could be found in the log again. */
function leaveMark(doc: Y.Doc): void {
  if (Y.getState(doc.store, doc.clientID) > 0) return
  for (const [name, type] of doc.share) {
    const kind = kindOf(type)
    if (kind !== 'text' && kind !== 'array' && kind !== 'fragment') continue
    const list =
      kind === 'text' ? doc.getText(name) : kind === 'array' ? doc.getArray(name) : doc.getXmlFragment(name)
    if (list instanceof Y.Text) list.insert(0, ' ')
    else if (list instanceof Y.Array) list.insert(0, [null])
    else list.insert(0, [new Y.XmlText()])
    list.delete(0, 1)
    return
  }
}

function write(doc: Y.Doc, writing: Writing): ReadonlySet<Simplified> {
  if (writing.kind === 'patch') return patch(doc, writing.operations)
  const { format, body, editor } = writing
  return (writing.kind === 'replace' ? replace : append)(doc, format, body, editor)
}

type Write = (
  doc: Y.Doc,
  format: SentFormat,
  body: string,
  asked: Editor | undefined,
) => ReadonlySet<Simplified>

const replace: Write = (doc, format, body, asked) => {
  if (format === 'json') {
    const said = fromJson(body)
    if (said.kind === 'types') {
      writeTypes(doc, said.contents)
      return AS_IT_IS
    }
  }
  const editor = editorFor(doc, format, asked)
  if (format !== 'json') checkAlone(doc, editor)
  if (editor === 'code') {
    writeText(codeOf(doc), body === '' ? [] : [{ insert: body }], PLAIN)
    return AS_IT_IS
  }
  const fragment = richOf(doc)
  if (format === 'text' && saysAlready(readRich(fragment), body)) return AS_IT_IS
  const { nodes, simplified } = sentAs(format, body)
  writeRich(fragment, nodes, FIDELITY[format])
  return simplified
}

/**
 * Text would make paragraphs of all else.
 * @throws SynclineError `content-invalid` where there is anything else, and words change
 */
function saysAlready(nodes: readonly XmlNode[], text: string): boolean {
  if (plainText(richText(nodes)) === text) return true
  if (!nodes.every(isParagraph))
    invalid('text has nothing but paragraphs, and here is more: send Markdown, HTML or JSON, or patches')
  return false
}

const isParagraph = (node: XmlNode): boolean =>
  node.kind === 'element' &&
  node.name === 'paragraph' &&
  node.children.every((child) => child.kind === 'text' || child.name === 'hardBreak')

const append: Write = (doc, format, body, asked) => {
  if (editorFor(doc, format, asked) === 'code') {
    const text = codeOf(doc)
    if (body !== '') text.insert(text.length, body)
    return AS_IT_IS
  }
  const fragment = richOf(doc)
  const { nodes, simplified } = sentAs(format, body)
  // An editor in which nothing was written yet has made a paragraph for it.
  const [only, ...more] = readRich(fragment)
  if (only !== undefined && isBare(only) && more.length === 0) writeRich(fragment, nodes, FIDELITY[format])
  else if (nodes.length > 0) fragment.insert(fragment.length, nodes.map(made))
  return simplified
}

/**
 * All texts of a document are read in one piece: written into one of them, what the others say would be there twice.
 * @throws SynclineError `content-invalid`
 */
function checkAlone(doc: Y.Doc, editor: Editor): void {
  const others = otherTexts(doc, editor)
  if (others.length > 0)
    invalid(`${others.slice(0, 3).join(', ')} say something too: send all of it as JSON, or patches`)
}

/** Where a document does not say its editor, and has nothing in it, whoever writes first says it. */
function editorFor(doc: Y.Doc, format: SentFormat, asked: Editor | undefined): Editor {
  const is = editorOf(doc)
  const editor = is ?? asked ?? (format === 'text' ? 'code' : 'rich')
  if (is !== undefined && asked !== undefined && is !== asked) invalid(`this document is ${is}`)
  if (editor === 'code' && (format === 'html' || format === 'json'))
    invalid('this document is code, which is sent as text or Markdown')
  sayEditor(doc, editor)
  return editor
}
