import { type Run, runsOf } from './ansi.ts'
import type { LogLine } from './lines.ts'

/** A stretch of a line that looks the same and is found as a whole or not at all. */
export interface Piece extends Run {
  readonly found: boolean
}

/** Of what is found in one line, so that a line of sixteen thousand spaces draws no sixteen thousand marks. */
const MOST_MARKS = 200

/** What is drawn of a line: its colours, cut where something is found. */
export function piecesOf({ text, raw }: LogLine, sought: RegExp | undefined): readonly Piece[] {
  const runs = raw === undefined ? [{ text, look: '' }] : runsOf(raw)
  const cuts = sought === undefined ? [] : foundIn(text, sought)
  if (cuts.length === 0) return runs.map((run) => ({ ...run, found: false }))
  const pieces: Piece[] = []
  let start = 0
  for (const run of runs) {
    const end = start + run.text.length
    let at = start
    for (const [from, to] of cuts) {
      if (to <= at || from >= end) continue
      const [first, last] = [Math.max(from, at), Math.min(to, end)]
      if (first > at) pieces.push({ ...run, text: text.slice(at, first), found: false })
      pieces.push({ ...run, text: text.slice(first, last), found: true })
      at = last
    }
    if (at < end) pieces.push({ ...run, text: text.slice(at, end), found: false })
    start = end
  }
  return pieces
}

function foundIn(text: string, sought: RegExp): readonly (readonly [number, number])[] {
  const found: [number, number][] = []
  for (const { index, 0: words } of text.matchAll(sought)) {
    found.push([index, index + words.length])
    if (found.length === MOST_MARKS) break
  }
  return found
}
