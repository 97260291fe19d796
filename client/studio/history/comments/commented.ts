import { DOCUMENT_FIELDS } from '../../../../server/protocol.ts'
import type { Shown, ShownPiece, ShownText } from '../shown.ts'
import type { PastComments } from './use-past-comments.ts'

export const commentClass = (active: boolean): string =>
  active ? 'syncline-comment syncline-comment-active' : 'syncline-comment'

interface Mark {
  readonly id: string
  readonly active: boolean
  readonly start: number
  readonly end: number
}

/** What is shown of a position, with the texts marked that somebody had commented on. */
export function commented(
  shown: Shown | undefined,
  seq: number | undefined,
  { threads = [], places, seq: of, active }: PastComments,
): Shown | undefined {
  if (shown === undefined || of === undefined || of !== seq) return shown
  const marksOf = (type: string): readonly Mark[] =>
    threads.flatMap(({ id, anchor, resolved }) => {
      const place = places.get(id)
      if (place?.status !== 'found' || anchor?.type !== type) return []
      if (resolved !== undefined && id !== active) return []
      return [{ id, active: id === active, start: place.start, end: place.end }]
    })
  const [code, rich] = [marksOf(DOCUMENT_FIELDS.code), marksOf(DOCUMENT_FIELDS.rich)]
  if (code.length + rich.length === 0) return shown
  return {
    ...shown,
    code: new Cutter(code).pieces(shown.code).filter((piece) => piece.kind === 'text'),
    rich: new Cutter(rich).pieces(shown.rich),
  }
}

/** Cuts texts where a mark begins or ends: counted as anchors count, in the order of the document. */
class Cutter {
  readonly #marks: readonly Mark[]
  readonly #cuts: readonly number[]
  #index = 0

  constructor(marks: readonly Mark[]) {
    this.#marks = marks
    this.#cuts = [...new Set(marks.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b)
  }

  pieces(pieces: readonly ShownPiece[]): readonly ShownPiece[] {
    return pieces.flatMap((piece): readonly ShownPiece[] =>
      piece.kind === 'text' ? this.#cut(piece) : [{ ...piece, children: this.pieces(piece.children) }],
    )
  }

  #cut(piece: ShownText): readonly ShownText[] {
    // What is shown of what had gone is not in the text.
    if (piece.status === 'deleted') return [piece]
    const from = this.#index
    const to = from + piece.text.length
    this.#index = to
    const bounds = [from, ...this.#cuts.filter((cut) => cut > from && cut < to), to]
    return bounds.slice(1).map((end, at) => {
      const start = bounds[at] ?? from
      const over = this.#marks.filter((mark) => mark.start <= start && mark.end >= end)
      const mark = over.find(({ active }) => active) ?? over.at(-1)
      return {
        ...piece,
        text: piece.text.slice(start - from, end - from),
        ...(mark !== undefined && { thread: { id: mark.id, active: mark.active } }),
      }
    })
  }
}
