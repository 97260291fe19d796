import * as Y from 'yjs'
import { toMarkdown } from '../history/content/markdown.ts'
import { readContent } from '../history/content/read.ts'
import { richText } from '../history/content/rich-text.ts'
import { HistoryDocument } from '../history/positions/history-document.ts'
import { DOCUMENT_FIELDS } from '../protocol.ts'

/** A document as a file that people can read and git can compare. */
export interface DocumentText {
  readonly text: string
  /** What its file's name ends with, where its title has no ending of its own. */
  readonly ending: '.txt' | '.md'
}

/** What the document's editor shows: code as it is, rich text as Markdown. */
export function documentText(doc: Y.Doc): DocumentText {
  const editor = doc.getMap(DOCUMENT_FIELDS.meta).get('editor')
  const code = doc.getText(DOCUMENT_FIELDS.code).toString()
  if (editor === 'code' || (editor !== 'rich' && code !== '')) return { text: code, ending: '.txt' }
  const bytes = Y.encodeStateAsUpdate(doc)
  const rich = readContent(HistoryDocument.fromEntries([{ seq: 1, at: 0, actor: '', bytes }]), 1).get(
    DOCUMENT_FIELDS.rich,
  )
  if (rich?.kind !== 'xml') return { text: '', ending: editor === 'rich' ? '.md' : '.txt' }
  return { text: toMarkdown(richText(rich.nodes)), ending: '.md' }
}
