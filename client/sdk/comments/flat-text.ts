import * as Y from 'yjs'

/** A shared type at the root of a document, whatever it turns out to be. */
export type Root = NonNullable<ReturnType<Y.Doc['share']['get']>>

/** What is met in a walk through all that a type holds, in the order of the document. */
interface Visitor {
  /** An item, gone or not, before which `index` characters can be seen. */
  item(item: Y.Item, index: number): void
  /** The end of what stands in an element; with `null` in the type itself. */
  end?(element: Y.Item | null, index: number): void
}

/**
 * A type as the one text that can be seen in it, whether it is a text or a tree of elements with texts in them:
 * neither elements nor paragraphs count. An editor's own text nodes, one after the other, are the same.
 * Returns its length.
 */
export function walk(root: Root, visitor: Visitor): number {
  const parents: Y.Item[] = []
  let index = 0
  let item = root._start
  for (;;) {
    while (item === null) {
      const parent = parents.pop()
      visitor.end?.(parent ?? null, index)
      if (parent === undefined) return index
      item = parent.right
    }
    visitor.item(item, index)
    const { content, deleted } = item
    if (!deleted && content instanceof Y.ContentType) {
      parents.push(item)
      item = content.type._start
      continue
    }
    if (!deleted && content instanceof Y.ContentString) index += item.length
    item = item.right
  }
}

/** The text of a type, as `walk` counts it. */
export function flatText(root: Root): string {
  const parts: string[] = []
  walk(root, {
    item: ({ content, deleted }) => {
      if (!deleted && content instanceof Y.ContentString) parts.push(content.str)
    },
  })
  return parts.join('')
}

/** The ids of the characters at these places of a type; `undefined` where it has none there. */
export function idsAt(root: Root, places: readonly number[]): readonly (Y.ID | undefined)[] {
  const found: (Y.ID | undefined)[] = places.map(() => undefined)
  walk(root, {
    item: ({ id, content, deleted, length }, index) => {
      if (deleted || !(content instanceof Y.ContentString)) return
      places.forEach((place, at) => {
        if (place >= index && place < index + length)
          found[at] = Y.createID(id.client, id.clock + place - index)
      })
    },
  })
  return found
}
