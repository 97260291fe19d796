import type { ContentMatch, NodeType } from 'prosemirror-model'
import * as Y from 'yjs'
import { nameOf } from '../compare/shared-type.ts'
import { invalid } from './invalid.ts'
import { schema } from './schema.ts'

type Child = Y.XmlElement | Y.XmlText | Y.XmlHook

/**
 * Whether the editor's schema allows what stands right below an element. One of which it does not know all names is an
 * application's own, and so is decided by its own editor.
 */
export function isAllowed(parent: Y.XmlFragment): boolean {
  const parentType = typeOf(nameOf(parent))
  const types = (parent.toArray() as Child[])
    .filter((child) => !(child instanceof Y.XmlText && child.length === 0))
    .map((child) => typeOf(child instanceof Y.XmlText ? 'text' : nameOf(child)))
  if (parentType === undefined || types.some((type) => type === undefined)) return true
  let match: ContentMatch | null = parentType.contentMatch
  for (const type of types) match = (type && match?.matchType(type)) ?? null
  return match?.validEnd ?? false
}

const typeOf = (name: string | undefined): NodeType | undefined => schema.nodes[name ?? '']

/**
 * An editor takes an element out of the document in which something stands that may not, with all else in it.
 * @throws SynclineError `content-invalid`
 */
export function checkAllowed(parent: Y.XmlFragment): void {
  if (parent._item?.deleted || isAllowed(parent)) return
  const name = nameOf(parent) ?? ''
  invalid(`${name} may hold only: ${schema.nodes[name]?.spec.content ?? 'nothing'}`)
}
