import * as Y from 'yjs'
import { convert, type Format } from '../../../server/history/content/convert.ts'
import { HistoryDocument } from '../../../server/history/positions/history-document.ts'
import type { SentFormat, Writing } from '../../../server/history/write/requests.ts'
import { planWrite } from '../../../server/history/write/write.ts'

const plan = (doc: Y.Doc, writing: Writing) =>
  planWrite({ doc, head: 1 }, { writing, expect: undefined, strict: false, keyed: false })

/** Does to a document what the server does, without one. */
function write(doc: Y.Doc, writing: Writing): boolean {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  const { update } = plan(copy, writing)
  if (update !== undefined) Y.applyUpdate(doc, update)
  return update !== undefined
}

export const replace = (doc: Y.Doc, format: SentFormat, body: string): boolean =>
  write(doc, { kind: 'replace', format, body, editor: undefined })

export const append = (doc: Y.Doc, format: SentFormat, body: string): boolean =>
  write(doc, { kind: 'append', format, body, editor: undefined })

export const patch = (doc: Y.Doc, operations: Extract<Writing, { kind: 'patch' }>['operations']): boolean =>
  write(doc, { kind: 'patch', operations })

/** As `GET …/content` answers it. */
export function content(doc: Y.Doc, format: Format): string {
  const bytes = Y.encodeStateAsUpdate(doc)
  const history = HistoryDocument.fromEntries([{ seq: 1, at: 0, actor: 'ada', bytes }])
  return new TextDecoder().decode(convert(history, 1, format))
}

/** The rich text of a document, as ProseMirror's JSON. */
export const richJson = (doc: Y.Doc): unknown => JSON.parse(content(doc, 'json')).types.default?.value

/** What of such content has to be made something else of. */
export const simplified = (format: SentFormat, body: string) =>
  plan(new Y.Doc(), { kind: 'replace', format, body, editor: 'rich' }).simplified

/** A document that says that. */
export function documentOf(format: SentFormat, body: string): Y.Doc {
  const doc = new Y.Doc()
  replace(doc, format, body)
  return doc
}
