import type { EventOf } from '../events/payloads.ts'

export interface MessageLink {
  readonly url: string
  readonly title?: string | undefined
}

/** A message with all that became of it. */
export interface ChatMessage {
  readonly id: string
  readonly seq: number
  readonly author: string
  /** Milliseconds since the epoch, as all times here. */
  readonly at: number
  readonly text: string
  /** The id of the message that it answers. */
  readonly answers: string | null
  readonly mentions: readonly string[]
  readonly links: readonly MessageLink[]
  readonly editedAt: number | null
  /** Then it says nothing any more. */
  readonly deleted: boolean
  /** In the order in which they were given. */
  readonly reactions: readonly { readonly emoji: string; readonly user: string }[]
}

/** By their ids, oldest first. */
export type Messages = ReadonlyMap<string, ChatMessage>

export const NO_MESSAGES: Messages = new Map()

/**
 * The messages after these events, which follow those that made `messages`. What is about a message that is not among them
 * says nothing: its page will have it.
 */
export const foldMessages = (messages: Messages, events: readonly EventOf[]): Messages => {
  const after = new Map(messages)
  let changed = false
  for (const event of events) changed = apply(after, event) || changed
  return changed ? after : messages
}

function apply(messages: Map<string, ChatMessage>, event: EventOf): boolean {
  if (event.type === 'chat.message') return add(messages, event)
  if (!isAboutMessage(event)) return false
  const message = messages.get(event.payload.message)
  if (message === undefined || message.deleted) return false
  const changed = changedBy(message, event)
  messages.set(message.id, changed)
  return changed !== message
}

function add(
  messages: Map<string, ChatMessage>,
  { id, seq, actor, at, payload }: EventOf<'chat.message'>,
): boolean {
  if (messages.has(id)) return false
  const { text, answers = null, mentions = [], links = [] } = payload
  messages.set(id, {
    id,
    seq,
    author: actor,
    at,
    text,
    answers,
    mentions,
    links,
    editedAt: null,
    deleted: false,
    reactions: [],
  })
  return true
}

type AboutMessage = EventOf<
  'chat.message.edited' | 'chat.message.deleted' | 'chat.reaction.added' | 'chat.reaction.removed'
>

export const isAboutMessage = (event: EventOf): event is AboutMessage =>
  /^chat\.(?:message\.(?:edited|deleted)|reaction\.(?:added|removed))$/.test(event.type)

function changedBy(message: ChatMessage, event: AboutMessage): ChatMessage {
  switch (event.type) {
    case 'chat.message.edited': {
      const { text, mentions = [], links = [] } = event.payload
      return { ...message, text, mentions, links, editedAt: event.at }
    }
    case 'chat.message.deleted':
      return {
        ...message,
        text: '',
        answers: null,
        mentions: [],
        links: [],
        editedAt: null,
        deleted: true,
        reactions: [],
      }
    default: {
      const { emoji } = event.payload
      const given = (one: { readonly emoji: string; readonly user: string }) =>
        one.emoji === emoji && one.user === event.actor
      const { reactions } = message
      if (event.type === 'chat.reaction.removed')
        return reactions.some(given)
          ? { ...message, reactions: reactions.filter((one) => !given(one)) }
          : message
      if (reactions.some(given)) return message
      return { ...message, reactions: [...reactions, { emoji, user: event.actor }] }
    }
  }
}
