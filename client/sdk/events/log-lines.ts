import type { Fold } from './folded.ts'
import type { EventOf } from './payloads.ts'

export interface LogLine {
  /** From 1. */
  readonly number: number
  readonly text: string
  readonly stream: 'stdout' | 'stderr'
  readonly step: string | undefined
  /** When the server took it, in milliseconds since the epoch. */
  readonly at: number
}

interface Piece {
  readonly first: number
  readonly lines: readonly string[]
  readonly stream: 'stdout' | 'stderr'
  readonly step: string | undefined
  readonly at: number
  /** How many lines stand before it. */
  readonly before: number
}

/** A build's log as it came, in pieces, so that thousands of lines a second are taken in without copying lines. */
export interface LogLines {
  readonly pieces: readonly Piece[]
  /** How many lines there are. */
  readonly length: number
}

export const NO_LINES: LogLines = { pieces: [], length: 0 }

/** The log after these events; lines whose numbers it has already are left out. */
export const foldLog = (log: LogLines, events: readonly EventOf[]): LogLines => {
  const pieces = [...log.pieces]
  let length = log.length
  let next = afterLast(pieces.at(-1))
  for (const event of events) {
    if (event.type !== 'build.log') continue
    const { first, lines, stream, step } = event.payload
    const fresh = lines.slice(Math.max(0, next - first))
    if (fresh.length === 0) continue
    const piece = { first: Math.max(first, next), lines: fresh, stream, step, at: event.at, before: length }
    pieces.push(piece)
    length += fresh.length
    next = afterLast(piece)
  }
  return length === log.length ? log : { pieces, length }
}

/** A build's log, for `folded` and `useFolded`. */
export const BUILD_LOG: Fold<LogLines> = { empty: NO_LINES, fold: foldLog }

/** `count` lines from the one that `from` others stand before: what a window over the log shows. */
export const linesOf = (log: LogLines, from: number, count: number): readonly LogLine[] => {
  const lines: LogLine[] = []
  const until = Math.min(log.length, from + count)
  let index = Math.max(0, from)
  let at = pieceAt(log.pieces, index)
  while (index < until) {
    const piece = log.pieces[at]
    if (piece === undefined) break
    const offset = index - piece.before
    const text = piece.lines[offset]
    if (text === undefined) {
      at += 1
      continue
    }
    const { stream, step } = piece
    lines.push({ number: piece.first + offset, text, stream, step, at: piece.at })
    index += 1
  }
  return lines
}

/** The indexes, from 0, of the lines that `matches`. */
export const searchLines = (log: LogLines, matches: (text: string) => boolean): readonly number[] =>
  log.pieces.flatMap(({ lines, before }) =>
    lines.flatMap((text, offset) => (matches(text) ? [before + offset] : [])),
  )

const afterLast = (piece: Piece | undefined): number =>
  piece === undefined ? 1 : piece.first + piece.lines.length

/** The piece that has the line of that index, found by halving. */
function pieceAt(pieces: readonly Piece[], index: number): number {
  let low = 0
  let high = pieces.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((pieces[middle]?.before ?? 0) <= index) low = middle
    else high = middle - 1
  }
  return low
}
