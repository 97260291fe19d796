import type { Log, LogLine } from './lines.ts'

/** Stands in the place of a step for the lines of all steps that tell of errors; no step is named so. */
export const ERRORS = ' errors'

/** Whether a line is one of this step; all lines are where there is none. */
export const isOf = (line: LogLine, step: string | undefined): boolean =>
  step === undefined || (step === ERRORS ? line.stream === 'stderr' : line.step === step)

/** The places of the lines that are wanted. It goes on where it stopped as long as lines are only added. */
export class Selection {
  readonly #wanted: (line: LogLine) => boolean
  #lines: readonly LogLine[] = []
  #seen = 0
  #places: number[] = []

  constructor(wanted: (line: LogLine) => boolean) {
    this.#wanted = wanted
  }

  /** Ascending; the same array as long as the log only grows. */
  of({ lines, count }: Log): readonly number[] {
    if (lines !== this.#lines) {
      this.#lines = lines
      this.#seen = 0
      this.#places = []
    }
    for (; this.#seen < count; this.#seen += 1) {
      const line = lines[this.#seen]
      if (line !== undefined && this.#wanted(line)) this.#places.push(this.#seen)
    }
    return this.#places
  }
}

/** What is looked for, letter by letter, in upper or lower case. */
export const pattern = (query: string): RegExp =>
  new RegExp(query.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'giu')
