import type { Fold } from '../events/folded.ts'
import type { EventOf, EventPayloads } from '../events/payloads.ts'

/** The text that a thread is about: `start` and `end` are relative positions of Yjs in base64. */
export type Anchor = NonNullable<EventPayloads['comment.created']['anchor']>

export interface ThreadComment {
  readonly id: string
  readonly author: string
  /** Milliseconds since the epoch, as all times here. */
  readonly at: number
  /** Empty where it was deleted. */
  readonly text: string
  /** The ids of who is mentioned. */
  readonly mentions: readonly string[]
  readonly editedAt: number | undefined
  readonly deleted: boolean
  /** Emoji to the ids of who reacted with it. */
  readonly reactions: ReadonlyMap<string, readonly string[]>
}

export interface Thread {
  readonly id: string
  /** `undefined`: it is about the whole document. */
  readonly anchor: Anchor | undefined
  /** The first one began it. */
  readonly comments: readonly ThreadComment[]
  readonly resolved: { readonly by: string; readonly at: number } | undefined
}

export interface ThreadsState {
  /** By their ids, oldest first. */
  readonly threads: ReadonlyMap<string, Thread>
  /** Comment to the thread that it is in. */
  readonly threadOf: ReadonlyMap<string, string>
  /** The newest event that is in it. */
  readonly seq: number
}

export const NO_THREADS: ThreadsState = { threads: new Map(), threadOf: new Map(), seq: 0 }

/** The threads of a room after these events, which follow those that made `state`. */
export const foldThreads = (state: ThreadsState, events: readonly EventOf[]): ThreadsState => {
  const news = events.filter(isOfThreads)
  const last = news.at(-1)
  if (last === undefined) return state
  const threads = new Map(state.threads)
  const threadOf = new Map(state.threadOf)
  for (const event of news) apply(threads, threadOf, event)
  return { threads, threadOf, seq: last.seq }
}

/** The threads of a room, for `folded` and `useFolded`. */
export const THREADS: Fold<ThreadsState> = { empty: NO_THREADS, fold: foldThreads }

/** Every type of event that threads are made of. */
export const THREAD_EVENTS = [
  'comment.created',
  'comment.replied',
  'comment.edited',
  'comment.deleted',
  'comment.resolved',
  'comment.reopened',
  'comment.reaction.added',
  'comment.reaction.removed',
] as const
export type ThreadEvent = EventOf<(typeof THREAD_EVENTS)[number]>

const TYPES: ReadonlySet<string> = new Set(THREAD_EVENTS)
export const isThreadType = (type: string): boolean => TYPES.has(type)
export const isOfThreads = (event: EventOf): event is ThreadEvent => isThreadType(event.type)

type MutableThreads = Map<string, Thread>
type MutableIndex = Map<string, string>

function apply(threads: MutableThreads, threadOf: MutableIndex, event: ThreadEvent): void {
  switch (event.type) {
    case 'comment.created': {
      if (threadOf.has(event.id)) return
      const { id, payload } = event
      threads.set(id, { id, anchor: payload.anchor, comments: [commentOf(event)], resolved: undefined })
      threadOf.set(id, id)
      return
    }
    case 'comment.replied': {
      const thread = threads.get(event.payload.thread)
      if (thread === undefined || threadOf.has(event.id)) return
      threads.set(thread.id, { ...thread, comments: [...thread.comments, commentOf(event)] })
      threadOf.set(event.id, thread.id)
      return
    }
    case 'comment.resolved':
    case 'comment.reopened': {
      const thread = threads.get(event.payload.thread)
      if (thread === undefined) return
      const { actor: by, at } = event
      threads.set(thread.id, {
        ...thread,
        resolved: event.type === 'comment.resolved' ? { by, at } : undefined,
      })
      return
    }
    default:
      change(threads, threadOf, event)
  }
}

type ChangeEvent = Extract<ThreadEvent, { readonly payload: { readonly comment: string } }>

function change(threads: MutableThreads, threadOf: MutableIndex, event: ChangeEvent): void {
  const thread = threads.get(threadOf.get(event.payload.comment) ?? '')
  if (thread === undefined) return
  const comments = thread.comments.map((comment) =>
    comment.id !== event.payload.comment || comment.deleted ? comment : changed(comment, event),
  )
  // A thread of which nothing is left to be read is none.
  if (comments.every(({ deleted }) => deleted)) threads.delete(thread.id)
  else threads.set(thread.id, { ...thread, comments })
}

function changed(comment: ThreadComment, event: ChangeEvent): ThreadComment {
  switch (event.type) {
    case 'comment.edited': {
      const { text, mentions = [] } = event.payload
      return { ...comment, text, mentions, editedAt: event.at }
    }
    case 'comment.deleted':
      return { ...comment, text: '', mentions: [], reactions: new Map(), deleted: true }
    case 'comment.reaction.added':
    case 'comment.reaction.removed': {
      const { emoji } = event.payload
      const others = (comment.reactions.get(emoji) ?? []).filter((user) => user !== event.actor)
      const users = event.type === 'comment.reaction.added' ? [...others, event.actor] : others
      const reactions = new Map(comment.reactions)
      if (users.length === 0) reactions.delete(emoji)
      else reactions.set(emoji, users)
      return { ...comment, reactions }
    }
  }
}

const commentOf = ({
  id,
  actor,
  at,
  payload: { text, mentions = [] },
}: EventOf<'comment.created' | 'comment.replied'>): ThreadComment => ({
  id,
  author: actor,
  at,
  text,
  mentions,
  editedAt: undefined,
  deleted: false,
  reactions: new Map(),
})
