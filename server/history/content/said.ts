import { textOf } from './delta.ts'
import type { Content, XmlNode } from './read.ts'

export type Text = Extract<Content, { readonly kind: 'text' | 'xml' }>

export const isText = (content: Content): content is Text => content.kind === 'text' || content.kind === 'xml'

/** Whether there is more in a text than the empty paragraph that an editor makes to write in. */
export const saysSomething = (text: Text): boolean =>
  text.kind === 'text' ? textOf(text.pieces) !== '' : !text.nodes.every(isBare)

export const isBare = (node: XmlNode): boolean =>
  node.kind === 'text'
    ? node.pieces.length === 0
    : node.name === 'paragraph' && node.children.every((child) => child.kind === 'text' && isBare(child))
