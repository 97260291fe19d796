import * as Y from 'yjs'
import { DOCUMENT_FIELDS } from '../protocol.ts'

/** What lists show of a document. */
export interface Summary {
  readonly title: string | null
  readonly editor: string | null
}

const MAX_TITLE = 200

/** Reads the summary out of `meta`, which anybody who may write has written: only short strings are taken. */
export function summarise(doc: Y.Doc): Summary {
  // Only looked at: `getMap` would make a map of it for good, under the feet of whoever calls it something else.
  const root = doc.share.get(DOCUMENT_FIELDS.meta)
  if (root === undefined || !(root instanceof Y.Map || root.constructor === Y.AbstractType))
    return { title: null, editor: null }
  const meta = doc.getMap(DOCUMENT_FIELDS.meta)
  const title = meta.get('title')
  const editor = meta.get('editor')
  return {
    title: typeof title === 'string' ? clean(title.slice(0, MAX_TITLE)) || null : null,
    editor: editor === 'code' || editor === 'rich' ? editor : null,
  }
}

/** Postgres takes no NUL and no lone surrogate in a text, and no list needs a control character. */
const clean = (text: string): string =>
  text
    .replace(/\p{Cc}/gu, ' ')
    .toWellFormed()
    .trim()
