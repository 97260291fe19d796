import * as Y from 'yjs'
import type { Piece } from '../compare/hunk.ts'
import type { IdRanges } from '../compare/id-ranges.ts'
import type { SharedType } from '../compare/shared-type.ts'
import type { View } from '../compare/view.ts'

/** Adds a piece to `ids`, and all that a view shows of what is inside it. */
export function collectPiece({ item, from, to }: Piece, view: View, ids: IdRanges): void {
  ids.add(item.id.client, item.id.clock + from, to - from)
  if (item.content instanceof Y.ContentType) collectType(item.content.type, view, ids)
}

function collectType(type: SharedType, view: View, ids: IdRanges): void {
  for (let item = type._start; item !== null; item = item.right) collectItem(item, view, ids)
  for (const newest of type._map.values()) {
    for (let item: Y.Item | null = newest; item !== null; item = item.left) collectItem(item, view, ids)
  }
}

function collectItem(item: Y.Item, view: View, ids: IdRanges): void {
  const { client, clock } = item.id
  for (let at = clock; at < clock + item.length; ) {
    const { inside, end } = view.stretch(client, at, clock + item.length)
    if (inside) collectPiece({ item, from: at - clock, to: end - clock }, view, ids)
    at = end
  }
}

/** Adds the types that an item stands in, so that it has somewhere to come back to. */
export function collectAncestors(item: Y.Item, ids: IdRanges): void {
  for (let { parent } = item; parent instanceof Y.AbstractType; ) {
    const container: Y.Item | null = parent._item
    if (container === null) return
    ids.add(container.id.client, container.id.clock, container.length)
    parent = container.parent
  }
}
