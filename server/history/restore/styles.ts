import { isDeepStrictEqual } from 'node:util'
import * as Y from 'yjs'
import type { Marks } from '../compare/diff-tree.ts'
import { firstId, type Piece } from '../compare/hunk.ts'
import { IdRanges } from '../compare/id-ranges.ts'

/** Marks that pieces of text are to have, whatever holds where they stand. */
export class Styles {
  readonly #styles: { readonly ids: IdRanges; readonly marks: Marks }[] = []

  add(pieces: readonly Piece[], marks: Marks): void {
    const ids = new IdRanges()
    for (const piece of pieces) {
      const { client, clock } = firstId(piece)
      ids.add(client, clock, piece.to - piece.from)
    }
    this.#styles.push({ ids, marks })
  }

  stretch(
    client: number,
    clock: number,
    end: number,
  ): { readonly marks: Marks | undefined; readonly end: number } {
    let until = end
    for (const { ids, marks } of this.#styles) {
      const { inside, end } = ids.stretch(client, clock, until)
      if (inside) return { marks, end }
      until = end
    }
    return { marks: undefined, end: until }
  }
}

/** Finds the format items that give each piece of a text its marks, as the pieces are walked over in order. */
export class Restyling {
  /** What the document's own format items make. */
  #running: Marks = {}
  /** What was written over it, and no format item has ended since. */
  #over: Marks = {}

  /** A format item of the document. */
  pass(key: string, value: unknown): void {
    this.#running = { ...this.#running, [key]: value }
    const { [key]: _, ...over } = this.#over
    this.#over = over
  }

  /** What to write in front of a piece that is to have `marks`, or those that hold in the document. */
  before(marks: Marks | undefined): Y.ContentFormat[] {
    const effective: Marks = { ...this.#running, ...this.#over }
    const wanted: Marks = marks ?? this.#running
    const keys = new Set([...Object.keys(effective), ...Object.keys(wanted)])
    const differing = [...keys].filter(
      (key) => !isDeepStrictEqual(effective[key] ?? null, wanted[key] ?? null),
    )
    return differing.map((key) => {
      const value = wanted[key] ?? null
      this.#over = { ...this.#over, [key]: value }
      return new Y.ContentFormat(key, value as object)
    })
  }
}
