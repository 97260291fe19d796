import * as Y from 'yjs'
import { typesJson } from '../history/content/json.ts'
import { toMarkdown } from '../history/content/markdown.ts'
import { type Content, readContent } from '../history/content/read.ts'
import { richText } from '../history/content/rich-text.ts'
import { sayable } from '../history/json.ts'
import { HistoryDocument } from '../history/positions/history-document.ts'
import { DOCUMENT_FIELDS } from '../protocol.ts'

/** A document as a file that people can read and git can compare. */
export interface DocumentText {
  readonly text: string
  /** What its file's name ends with, where its title has no ending of its own. */
  readonly ending: '.txt' | '.md' | '.json'
}

/** What the document's editor shows, code as it is and rich text as Markdown; of other applications' data all, as JSON. */
export function documentText(doc: Y.Doc): DocumentText {
  const editor = doc.getMap(DOCUMENT_FIELDS.meta).get('editor')
  const code = doc.getText(DOCUMENT_FIELDS.code).toString()
  if (editor === 'code' || (editor !== 'rich' && code !== '')) return { text: code, ending: '.txt' }
  const bytes = Y.encodeStateAsUpdate(doc)
  const contents = readContent(HistoryDocument.fromEntries([{ seq: 1, at: 0, actor: '', bytes }]), 1)
  const rich = contents.get(DOCUMENT_FIELDS.rich)
  const nodes = rich?.kind === 'xml' ? rich.nodes : []
  if (nodes.length > 0) return { text: toMarkdown(richText(nodes)), ending: '.md' }
  if (editor === 'rich') return { text: '', ending: '.md' }
  const data = [...contents].some(([name, content]) => name !== DOCUMENT_FIELDS.meta && !isEmpty(content))
  if (data) return { text: `${JSON.stringify(typesJson(contents), inOrder, 2)}\n`, ending: '.json' }
  return { text: '', ending: '.txt' }
}

function isEmpty(content: Content): boolean {
  switch (content.kind) {
    case 'map':
      return Object.keys(content.entries).length === 0
    case 'array':
      return content.values.length === 0
    case 'text':
      return content.pieces.length === 0
    case 'xml':
      return content.nodes.length === 0
  }
}

/** Keys in order: the same data is the same file, whoever wrote which part of it first. */
function inOrder(_key: string, part: unknown): unknown {
  const value = sayable(part)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
}
