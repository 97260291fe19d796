import * as Y from 'yjs'
import type { Piece } from './hunk.ts'
import type { Ids } from './view.ts'

/**
 * What a key of a map shows: the last that is visible of all that it was ever set to, which is a chain to the
 * left of the newest. Yjs merges values set one after the other into one item, of which only the last can be
 * visible (its own typeMapGetSnapshot looks at the first, and misses it).
 */
export function shownEntry(newest: Y.Item, visible: Ids): Piece | undefined {
  for (let item: Y.Item | null = newest; item !== null; item = item.left) {
    if (item.content instanceof Y.ContentDeleted) continue
    const last = lastVisible(item, visible)
    if (last !== undefined) return { item, from: last, to: last + 1 }
  }
  return undefined
}

function lastVisible({ id: { client, clock }, length }: Y.Item, visible: Ids): number | undefined {
  let last: number | undefined
  for (let at = clock; at < clock + length; ) {
    const { inside, end } = visible.stretch(client, at, clock + length)
    if (inside) last = end - 1 - clock
    at = end
  }
  return last
}

export const samePiece = (a: Piece | undefined, b: Piece | undefined): boolean =>
  a?.item === b?.item && a?.from === b?.from
