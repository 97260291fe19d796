import type { LogLines } from '../../sdk/index.ts'
import { plainText } from './ansi.ts'

/** A line as it is shown. */
export interface LogLine {
  /** As its publisher counts, from 1. */
  readonly number: number
  /** What can be read of it: no colours, no control characters. */
  readonly text: string
  /** As it was written, where that is more than its text. */
  readonly raw: string | undefined
  readonly stream: 'stdout' | 'stderr'
  readonly step: string | undefined
}

/** The log at one moment. */
export interface Log {
  /** By their numbers, ascending. It grows in place: the first `count` belong to this moment. Another array is another log. */
  readonly lines: readonly LogLine[]
  readonly count: number
  /** Of the longest line, in characters. */
  readonly width: number
}

/** Makes lines ready to be shown and searched, each once, however often more are added. */
export class LogReader {
  #lines: LogLine[] = []
  #width = 0
  #pieces: LogLines['pieces'] = []

  read({ pieces }: LogLines): Log {
    const known = this.#pieces.length
    if (pieces[known - 1] !== this.#pieces[known - 1]) {
      this.#lines = []
      this.#width = 0
      this.#pieces = []
    }
    for (const { first, lines, stream, step } of pieces.slice(this.#pieces.length)) {
      for (const [index, written] of lines.entries()) {
        const text = plainText(written)
        const raw = text === written ? undefined : written
        this.#width = Math.max(this.#width, text.length)
        this.#lines.push({ number: first + index, text, raw, stream, step })
      }
    }
    this.#pieces = pieces
    return { lines: this.#lines, count: this.#lines.length, width: this.#width }
  }
}

/** Where the line of this number stands, or would stand. */
export function placeOf({ lines, count }: Log, number: number): number {
  let [low, high] = [0, count]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((lines[middle]?.number ?? 0) < number) low = middle + 1
    else high = middle
  }
  return low
}
