import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import * as Y from 'yjs'
import { DOCUMENT_FIELDS } from '../protocol.ts'

export interface ImportedDocument {
  readonly room: string
  readonly title: string
  readonly update: Uint8Array
}

/**
 * A new document of a text file, Markdown too: its editor shows the file's own characters, so that it can be written
 * out again as it came. Its room is named after the file's name and content, so that the same file is
 * the same room wherever and however often it is brought in; another content is another document.
 * @throws TypeError where the bytes are not UTF-8
 */
export function documentOf(path: string, bytes: Uint8Array, kind: string): ImportedDocument {
  const title = basename(path).toWellFormed()
  // Editors count a line's end as one character, and a byte order mark is no text.
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n')
  const key = createHash('sha256')
    .update(JSON.stringify([kind, title, text]))
    .digest('hex')
    .slice(0, 20)
  const doc = new Y.Doc()
  doc.transact(() => {
    const meta = doc.getMap(DOCUMENT_FIELDS.meta)
    meta.set('title', title)
    meta.set('editor', 'code')
    if (/\.(md|markdown)$/i.test(title)) meta.set('language', 'markdown')
    if (text !== '') doc.getText(DOCUMENT_FIELDS.code).insert(0, text)
  })
  const update = Y.encodeStateAsUpdate(doc)
  doc.destroy()
  return { room: `${kind}:${slug(title)}-${key}`, title, update }
}

/** What of a file's name may stand in an address and reads well. */
const slug = (title: string): string =>
  title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\.[a-z0-9]+$/, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60) || 'document'
