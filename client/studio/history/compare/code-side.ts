import type { Run } from '../api.ts'

export type Side = 'both' | 'before' | 'after'

export interface Span {
  readonly run: Run
  /** Offsets in the text, in UTF-16 code units. */
  readonly start: number
  readonly end: number
}

/** A text with all that was ever compared in it, or as one of the two positions has it. */
export function sideOf(
  runs: readonly Run[],
  side: Side,
): { readonly text: string; readonly spans: readonly Span[] } {
  const left = side === 'before' ? 'inserted' : side === 'after' ? 'deleted' : undefined
  const spans: Span[] = []
  let text = ''
  for (const run of runs) {
    if (run.status === left) continue
    const start = text.length
    // Monaco has one kind of line end in a text, and counts each as one.
    text += (run.text ?? '\ufffc').replaceAll('\r\n', '\n').replaceAll('\r', '\n')
    spans.push({ run, start, end: text.length })
  }
  return { text, spans }
}

/** Empty lines to be put behind a line, so that what both sides have stands side by side. */
export interface Padding {
  readonly afterLine: number
  readonly lines: number
}

export function paddingsOf(runs: readonly Run[]): Readonly<Record<'before' | 'after', readonly Padding[]>> {
  const sides = { before: { line: 1, padded: 0 }, after: { line: 1, padded: 0 } }
  const paddings: Record<'before' | 'after', Padding[]> = { before: [], after: [] }
  const align = () => {
    const { before, after } = sides
    const ahead = before.line + before.padded - after.line - after.padded
    if (ahead === 0) return
    const shorter = ahead > 0 ? 'after' : 'before'
    // Before the line, which ends alike on both sides.
    paddings[shorter].push({ afterLine: sides[shorter].line - 1, lines: Math.abs(ahead) })
    sides[shorter].padded += Math.abs(ahead)
  }
  for (const { status, text = '' } of runs) {
    const breaks = text.split(/\r\n|\r|\n/).length - 1
    if (status === 'deleted') sides.before.line += breaks
    else if (status === 'inserted') sides.after.line += breaks
    else
      for (let i = 0; i < breaks; i += 1) {
        align()
        sides.before.line += 1
        sides.after.line += 1
      }
  }
  align()
  return paddings
}
