import type * as Y from 'yjs'
import { DOCUMENT_FIELDS, type Editor } from '../../protocol.ts'
import { kindOf } from '../compare/shared-type.ts'
import { saysSomething, type Text } from '../content/said.ts'
import { invalid } from './invalid.ts'
import { piecesOf, readRich } from './write-rich.ts'

const { meta, code, rich } = DOCUMENT_FIELDS

/**
 * Which editor's part of a document is written to: what the document says, or else what is in it; undefined where it says
 * nothing and holds nothing.
 */
export function editorOf(doc: Y.Doc): Editor | undefined {
  const said = metaOf(doc)?.get('editor')
  if (said === 'code' || said === 'rich') return said
  const [text, fragment] = [doc.share.get(code), doc.share.get(rich)]
  if (text !== undefined && kindOf(text) === 'text' && doc.getText(code).length > 0) return 'code'
  if (fragment !== undefined && kindOf(fragment) === 'fragment' && doc.getXmlFragment(rich).length > 0)
    return 'rich'
  return undefined
}

/** Has a document that does not say it yet be opened by that editor. */
export function sayEditor(doc: Y.Doc, editor: Editor): void {
  const map = metaOf(doc)
  if (map !== undefined && map.get('editor') === undefined) map.set('editor', editor)
}

/** Undefined where an application has something else under that name. */
function metaOf(doc: Y.Doc): Y.Map<unknown> | undefined {
  const type = doc.share.get(meta)
  const kind = type && kindOf(type)
  return kind === undefined || kind === 'map' ? doc.getMap(meta) : undefined
}

/** @throws SynclineError `content-invalid` where an application has something else under its name */
export function codeOf(doc: Y.Doc): Y.Text {
  const type = doc.share.get(code)
  const kind = type && kindOf(type)
  return kind === undefined || kind === 'text' ? doc.getText(code) : invalid(`${code} is no text here`)
}

/** @throws SynclineError as `codeOf` */
export function richOf(doc: Y.Doc): Y.XmlFragment {
  const type = doc.share.get(rich)
  const kind = type && kindOf(type)
  return kind === undefined || kind === 'fragment'
    ? doc.getXmlFragment(rich)
    : invalid(`${rich} is no rich text here`)
}

/** The names of the texts of a document, beside that of its editor, that say something. */
export function otherTexts(doc: Y.Doc, editor: Editor): readonly string[] {
  const own = editor === 'code' ? code : rich
  return [...doc.share].flatMap(([name, type]) => {
    const text = name === own ? undefined : textIn(doc, name, kindOf(type))
    return text !== undefined && saysSomething(text) ? [name] : []
  })
}

function textIn(doc: Y.Doc, name: string, kind: ReturnType<typeof kindOf>): Text | undefined {
  if (kind === 'text') return { kind, pieces: piecesOf(doc.getText(name)), attributes: {} }
  if (kind !== 'fragment') return undefined
  return { kind: 'xml', nodes: readRich(doc.getXmlFragment(name)), attributes: {} }
}
