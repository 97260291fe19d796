import { isDeepStrictEqual } from 'node:util'
import type * as Y from 'yjs'
import type { Marks } from './diff-tree.ts'

const NONE: Marks = {}

/** The marks that hold at a place of a text, on both sides, as its format items are walked over. */
export class RunningMarks {
  from: Marks = NONE
  to: Marks = NONE
  /** Whether both sides are alike here. */
  same = true
  /** By mark, the last format item that only one side has: whoever brought or took it made the difference. */
  readonly #causes = new Map<string, Cause>()

  pass(item: Y.Item, { key, value }: Y.ContentFormat, inFrom: boolean, inTo: boolean): void {
    if (inFrom) this.from = withMark(this.from, key, value)
    if (inTo) this.to = withMark(this.to, key, value)
    if (inFrom !== inTo) this.#causes.set(key, { item, inserted: inTo })
    this.same = isDeepStrictEqual(this.from, this.to)
  }

  /** What made the difference that holds here. */
  causes(): Cause[] {
    return [...this.#causes].flatMap(([key, cause]) =>
      isDeepStrictEqual(this.from[key], this.to[key]) ? [] : [cause],
    )
  }
}

export interface Cause {
  readonly item: Y.Item
  readonly inserted: boolean
}

function withMark(marks: Marks, key: string, value: unknown): Marks {
  if (value !== null) return { ...marks, [key]: value }
  const { [key]: _, ...others } = marks
  return others
}
