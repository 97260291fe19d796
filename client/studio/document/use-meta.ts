import { useCallback, useSyncExternalStore } from 'react'
import type * as Y from 'yjs'
import { DOCUMENT_FIELDS, type Editor } from '../../../server/protocol.ts'

export interface Meta {
  readonly title: string
  /** `undefined` while nobody has said, or typed, what it is. */
  readonly editor: Editor | undefined
  readonly language: string | undefined
}

type Field = 'title' | 'editor' | 'language'

/** What the document says about itself, live. */
export function useMeta(doc: Y.Doc): Meta {
  const subscribe = useCallback(
    (listener: () => void) => {
      doc.on('afterTransaction', listener)
      return () => doc.off('afterTransaction', listener)
    },
    [doc],
  )
  const meta = doc.getMap(DOCUMENT_FIELDS.meta)
  return {
    title: useSyncExternalStore(subscribe, () => text(meta.get('title')) ?? ''),
    editor: useSyncExternalStore(subscribe, () => editorOf(doc)),
    language: useSyncExternalStore(subscribe, () => text(meta.get('language'))),
  }
}

export function setMeta(doc: Y.Doc, field: Field, value: string): void {
  doc.getMap(DOCUMENT_FIELDS.meta).set(field, value)
}

/** A document that another program filled need not say what it is: then its content does. */
function editorOf(doc: Y.Doc): Editor | undefined {
  const said = doc.getMap(DOCUMENT_FIELDS.meta).get('editor')
  if (said === 'code' || said === 'rich') return said
  if (doc.getText(DOCUMENT_FIELDS.code).length > 0) return 'code'
  if (doc.getXmlFragment(DOCUMENT_FIELDS.rich).length > 0) return 'rich'
  return undefined
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
