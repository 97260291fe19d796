import type { Piece } from './delta.ts'
import type { XmlNode } from './read.ts'

/** Rich text in ProseMirror's terms, with the names that Tiptap gives to nodes and marks. */
export type RichNode =
  | { readonly kind: 'text'; readonly text: string; readonly marks: readonly Mark[] }
  | {
      readonly kind: 'node'
      readonly name: string
      readonly attributes: Readonly<Record<string, unknown>>
      readonly children: readonly RichNode[]
    }

export interface Mark {
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
}

export const richText = (nodes: readonly XmlNode[]): readonly RichNode[] => nodes.flatMap(richNode)

function richNode(node: XmlNode): readonly RichNode[] {
  if (node.kind === 'text') return node.pieces.map(fromPiece)
  const { name, attributes, children } = node
  return [{ kind: 'node', name, attributes, children: richText(children) }]
}

function fromPiece({ insert, attributes = {} }: Piece): RichNode {
  if (typeof insert !== 'string')
    return { kind: 'node', name: 'embed', attributes: { value: insert.embed }, children: [] }
  return { kind: 'text', text: insert, marks: Object.entries(attributes).map(markOf) }
}

/** y-tiptap puts a hash behind the name of a mark of which several may lie over one character. */
export const markName = (format: string): string => format.replace(/--[a-zA-Z0-9+/=]{8}$/, '')

function markOf([name, value]: [string, unknown]): Mark {
  const attributes = typeof value === 'object' && value !== null ? { ...value } : {}
  return { name: markName(name), attributes }
}

/** The same as the JSON that `editor.getJSON()` gives and `setContent` takes. */
export function toProseMirror(nodes: readonly RichNode[]): unknown {
  return { type: 'doc', ...(nodes.length > 0 && { content: nodes.map(nodeJson) }) }
}

function nodeJson(node: RichNode): unknown {
  if (node.kind === 'text') {
    const marks = node.marks.map(({ name, attributes }) => ({
      type: name,
      ...(Object.keys(attributes).length > 0 && { attrs: attributes }),
    }))
    return { type: 'text', text: node.text, ...(marks.length > 0 && { marks }) }
  }
  return {
    type: node.name,
    ...(Object.keys(node.attributes).length > 0 && { attrs: node.attributes }),
    ...(node.children.length > 0 && { content: node.children.map(nodeJson) }),
  }
}

/** Nodes that hold text themselves, and others that stand within it; all else is a block of blocks. */
const TEXT_BLOCKS = new Set(['paragraph', 'heading', 'codeBlock'])
const INLINE = new Set(['hardBreak', 'image', 'mention', 'emoji', 'embed'])

/** Some editors write bullet_list where Tiptap writes bulletList. */
export const camelCase = (name: string): string =>
  name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

export const isInline = (node: RichNode): boolean => node.kind === 'text' || INLINE.has(camelCase(node.name))
export const isTextBlock = (name: string): boolean => TEXT_BLOCKS.has(camelCase(name))

/** Its words: a line for each block of text, an empty one between two of them, as `editor.getText()` has it. */
export function plainText(nodes: readonly RichNode[]): string {
  const blocks: string[] = []
  let open: string | undefined
  const close = () => {
    if (open !== undefined) blocks.push(open)
    open = undefined
  }
  const visit = (node: RichNode): void => {
    if (node.kind === 'text') open = (open ?? '') + node.text
    else if (isInline(node)) open = (open ?? '') + (camelCase(node.name) === 'hardBreak' ? '\n' : '')
    else {
      close()
      if (isTextBlock(node.name)) open = ''
      node.children.forEach(visit)
      close()
    }
  }
  nodes.forEach(visit)
  close()
  return blocks.join('\n\n')
}
