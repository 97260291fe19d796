import * as Y from 'yjs'
import type { Piece } from './hunk.ts'
import type { View } from './view.ts'

/** The text of a piece as a view has it. */
export function textOf({ item: { id, content }, from, to }: Piece, view: View): string {
  return content instanceof Y.ContentString
    ? view.text(content.str.slice(from, to), id.client, id.clock + from)
    : ''
}

/** A stretch of two texts of one length in which they are the same, or differ in every unit. */
interface Alike {
  readonly from: number
  readonly to: number
  readonly same: boolean
}

/** Takes two versions of one text apart where characters were cut in between. */
export function alike(one: string, other: string): Alike[] {
  if (one === other) return [{ from: 0, to: one.length, same: true }]
  const found: Alike[] = []
  for (let at = 0; at < one.length; at += 1) {
    const same = one.charCodeAt(at) === other.charCodeAt(at)
    const last = found.at(-1)
    if (last?.same === same) found[found.length - 1] = { ...last, to: at + 1 }
    else found.push({ from: at, to: at + 1, same })
  }
  return found
}
