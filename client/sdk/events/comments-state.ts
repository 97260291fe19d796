import type { Fold } from './folded.ts'
import type { EventOf } from './payloads.ts'

export interface Comment {
  readonly id: string
  readonly text: string
  /** What it is about: the id of a task, say. */
  readonly on: string | undefined
  /** The comment that it answers. */
  readonly answers: string | undefined
  readonly author: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly editedAt: number | undefined
}

/** The comments of a project by their ids, oldest first. */
export type Comments = ReadonlyMap<string, Comment>

export const NO_COMMENTS: Comments = new Map()

/** The comments after these events, which follow those that made `comments`. */
export const foldComments = (comments: Comments, events: readonly EventOf[]): Comments => {
  const after = new Map(comments)
  let changed = false
  for (const event of events) changed = apply(after, event) || changed
  return changed ? after : comments
}

/** The comments of a project, for `folded` and `useFolded`. */
export const COMMENTS: Fold<Comments> = { empty: NO_COMMENTS, fold: foldComments }

function apply(comments: Map<string, Comment>, { type, payload, actor, at }: EventOf): boolean {
  if (type === 'project.comment.created') {
    const { comment: id, text, on, answers } = payload
    if (comments.has(id)) return false
    comments.set(id, { id, text, on, answers, author: actor, at, editedAt: undefined })
    return true
  }
  if (type === 'project.comment.updated') {
    const comment = comments.get(payload.comment)
    // Whoever may comment may say this of any comment: nobody puts words into another's mouth.
    if (comment === undefined || comment.author !== actor) return false
    comments.set(comment.id, { ...comment, text: payload.text, editedAt: at })
    return true
  }
  return type === 'project.comment.deleted' && comments.delete(payload.comment)
}
