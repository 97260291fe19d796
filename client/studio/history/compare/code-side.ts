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
  // Whether the line begins alike on both sides, and goes on otherwise below itself.
  let shared = false
  let below = false
  const align = () => {
    const { before, after } = sides
    const ahead = before.line + before.padded - after.line - after.padded
    if (ahead === 0) return
    const shorter = ahead > 0 ? 'after' : 'before'
    // Otherwise before the line, which ends alike on both sides.
    const afterLine = sides[shorter].line - (below ? 0 : 1)
    paddings[shorter].push({ afterLine, lines: Math.abs(ahead) })
    sides[shorter].padded += Math.abs(ahead)
  }
  for (const { status, text = '' } of runs) {
    const lines = text.split(/\r\n|\r|\n/)
    const breaks = lines.length - 1
    if (status === 'deleted' || status === 'inserted') {
      sides[status === 'deleted' ? 'before' : 'after'].line += breaks
      below ||= shared && breaks > 0
      continue
    }
    for (let i = 0; i < breaks; i += 1) {
      align()
      below = false
      sides.before.line += 1
      sides.after.line += 1
    }
    shared = lines.at(-1) !== '' || (breaks === 0 && shared)
  }
  align()
  return paddings
}
