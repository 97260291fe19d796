import type { Anchor, Thread } from '../sdk/comments/threads-state.ts'

/** The classes of texts that comments are about, and of the sign beside the first line of one. */
const COMMENT_CLASS = 'syncline-comment'
const ACTIVE_COMMENT_CLASS = 'syncline-comment-active'
export const COMMENT_SIGN_CLASS = 'syncline-comment-sign'

/** The comments of a document as an editor shows them. Both editors have the same. */
export interface EditorComments {
  /** An anchor for what is selected; undefined where nothing is. */
  selected(): Anchor | undefined
  /** Marks one thread more than the others, and shows it also where it is resolved. */
  setActive(thread: string | undefined): void
  /** Brings the text of a thread into view. */
  reveal(thread: string): void
  /** How far a thread's text is below the top of the content, in pixels; undefined where it is not there. */
  topOf(thread: string): number | undefined
  /** The same of what is selected. */
  selectedTop(): number | undefined
  /** Where the top of the content is in the window; above it where the content is scrolled. */
  contentTop(): number
  /** Calls back where something has moved or is selected, `scrolled`: by no more than `contentTop`. Returns what stops it. */
  onMove(listener: (what: 'scrolled' | 'moved' | 'selected') => void): () => void
}

/** Which threads are marked in the text: those that are open, and the one that is looked at. */
export const isMarked = (thread: Thread, active: string | undefined): boolean =>
  thread.anchor !== undefined && (thread.resolved === undefined || thread.id === active)

export const classOf = (thread: string, active: string | undefined): string =>
  thread === active ? `${COMMENT_CLASS} ${ACTIVE_COMMENT_CLASS}` : COMMENT_CLASS

/** Of several texts over one place it is the shortest that is meant. */
export const innermost = <Mark extends { readonly start: number; readonly end: number }>(
  marks: readonly Mark[],
): Mark | undefined =>
  marks.reduce<Mark | undefined>(
    (best, mark) => (best === undefined || mark.end - mark.start < best.end - best.start ? mark : best),
    undefined,
  )
