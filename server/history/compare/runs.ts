import type { Author } from './attribution.ts'
import type { Marks, NodeRun, Run, Status } from './diff-tree.ts'
import type { Piece } from './hunk.ts'

/** What a stretch of a shared type's content is, on its way into a run. */
export interface Stretched {
  readonly status: Status
  readonly author: Author | undefined
  readonly marks: Marks | undefined
  readonly marksBefore: Marks | undefined
  readonly piece: Piece
}

/** Numbers changes. */
export interface Hunks {
  /** The number of a change that begins here, if it has one. */
  begin(stretched: Stretched): number | undefined
  /** The change of this number goes on. */
  extend(hunk: number, piece: Piece): void
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

/**
 * Gathers the content of one shared type into runs: neighbours of one status, with the same marks, by one
 * person within `within` ms of each other are one. The number of a change does not depend on who made it, nor
 * when: neighbours by several people are one hunk.
 */
export class Runs {
  readonly #list: Mutable<Run>[] = []
  readonly #within: number
  readonly #hunks: Hunks
  #last: Stretched | undefined

  constructor(within: number, hunks: Hunks) {
    this.#within = within
    this.#hunks = hunks
  }

  get list(): readonly Run[] {
    return this.#list
  }

  text(stretched: Stretched, text: string): void {
    const last = this.#list.at(-1)
    const before = last !== undefined && 'text' in last && this.#isAlike(stretched) ? last : undefined
    if (before !== undefined && this.#joins(before, stretched)) before.text += text
    else this.#push({ text }, stretched, before?.hunk)
  }

  values(stretched: Stretched, values: readonly unknown[]): void {
    const last = this.#list.at(-1)
    const before = last !== undefined && 'values' in last && this.#isAlike(stretched) ? last : undefined
    if (before !== undefined && this.#joins(before, stretched)) before.values = [...before.values, ...values]
    else this.#push({ values }, stretched, before?.hunk)
  }

  embed(stretched: Stretched, embed: unknown): void {
    this.#push({ embed }, stretched)
  }

  node(stretched: Stretched, id: string, node: NodeRun['node']): void {
    this.#push({ id, node }, stretched)
  }

  #push(
    content:
      | { text: string }
      | { values: readonly unknown[] }
      | { embed: unknown }
      | Pick<NodeRun, 'id' | 'node'>,
    stretched: Stretched,
    goesOn?: number,
  ): void {
    const { status, author, marks, marksBefore, piece } = stretched
    if (goesOn !== undefined) this.#hunks.extend(goesOn, piece)
    const hunk = goesOn ?? this.#hunks.begin(stretched)
    this.#list.push({
      ...content,
      status,
      ...(author !== undefined && { by: author }),
      ...(marks !== undefined && { marks }),
      ...(marksBefore !== undefined && { marksBefore }),
      ...(hunk !== undefined && { hunk }),
    })
    this.#last = stretched
  }

  #isAlike({ status, marks, marksBefore }: Stretched): boolean {
    const last = this.#last
    return last?.status === status && last.marks === marks && last.marksBefore === marksBefore
  }

  /** Whether the stretch is part of the run before it, which then counts as written in both times. */
  #joins(run: Mutable<Run>, { author, piece }: Stretched): boolean {
    const { by, since = by } = run
    if (by !== undefined && since !== undefined && author !== undefined) {
      if (!this.#together(since, by, author)) return false
      const [first, last] = [author, since, by].sort((a, b) => a.seq - b.seq).filter((_, at) => at !== 1)
      if (last !== undefined) run.by = last
      if (first !== undefined && first.seq !== last?.seq) run.since = first
    } else if (by !== author) return false
    if (run.hunk !== undefined) this.#hunks.extend(run.hunk, piece)
    return true
  }

  #together(since: Author, by: Author, author: Author): boolean {
    if (author.seq === by.seq || author.seq === since.seq) return true
    const near = author.at <= by.at + this.#within && author.at >= since.at - this.#within
    return near && author.actor === by.actor && this.#within > 0
  }
}
