import * as Y from 'yjs'
import type { Marks } from './diff-tree.ts'

/** Part of an item: its clock ticks from `from` up to `to`, exclusive, counted from its first. */
export interface Piece {
  readonly item: Y.Item
  readonly from: number
  readonly to: number
}

const idAt = ({ id }: Y.Item, offset: number): Y.ID => Y.createID(id.client, id.clock + offset)

export const firstId = ({ item, from }: Piece): Y.ID => idAt(item, from)
export const lastId = ({ item, to }: Piece): Y.ID => idAt(item, to - 1)

/** The ids next to a piece in the document's order, be they visible or not. */
export const idBefore = ({ item, from }: Piece): Y.ID | null =>
  from > 0 ? idAt(item, from - 1) : (item.left?.lastId ?? null)
export const idAfter = ({ item, to }: Piece): Y.ID | null =>
  to < item.length ? idAt(item, to) : (item.right?.id ?? null)

/** One numbered change of a diff, by the items that make it. */
export interface Hunk {
  /** What only the first side has, what only the second has, and what both have with other marks. */
  readonly deleted: Piece[]
  readonly inserted: Piece[]
  readonly remarked: Piece[]
  /** Of a text: the marks that it had on the first side. */
  readonly marksBefore: Marks | undefined
}
