import type { BuiltInPayloads } from '../channels/kinds/built-in.ts'
import type { RoomId } from '../log/entry.ts'
import type { StoredEvent } from '../log/events.ts'
import type { Queryable } from '../storage/transaction.ts'
import { addMembers, createChat, removeMember, renameChat } from './members.ts'
import {
  addReaction,
  deleteMessage,
  editMessage,
  insertMessages,
  type MessageEvent,
  removeReaction,
} from './message-table.ts'

type ChatType = Extract<keyof BuiltInPayloads, `chat.${string}`>
type ChatEvent<Type extends ChatType = ChatType> = Type extends ChatType
  ? Omit<StoredEvent, 'type' | 'payload'> & { readonly type: Type; readonly payload: BuiltInPayloads[Type] }
  : never

export const CHAT_TYPES = [
  'chat.created',
  'chat.invited',
  'chat.left',
  'chat.removed',
  'chat.renamed',
  'chat.message',
  'chat.message.edited',
  'chat.message.deleted',
  'chat.reaction.added',
  'chat.reaction.removed',
] as const satisfies readonly ChatType[]

/** Writes what a room's events make of its chat, in their order; in the transaction in which they leave the queue. */
export async function followChat(
  client: Queryable,
  room: RoomId,
  events: readonly StoredEvent[],
): Promise<void> {
  const messages: MessageEvent[] = []
  const flush = async () => {
    if (messages.length > 0) await insertMessages(client, room, messages.splice(0))
  }
  for (const stored of events) {
    // As the registry accepted it under this type.
    const event = { ...stored, payload: JSON.parse(stored.payload) } as ChatEvent
    if (event.type === 'chat.message') {
      messages.push(event)
      continue
    }
    await flush()
    await take(client, room, event)
  }
  await flush()
}

async function take(client: Queryable, room: RoomId, event: ChatEvent): Promise<void> {
  const { seq, actor, at } = event
  switch (event.type) {
    case 'chat.created':
      return createChat(client, room, { ...event.payload, by: actor, at, seq })
    case 'chat.invited':
      return addMembers(client, room, { users: event.payload.users, role: 'write', by: actor, seq })
    case 'chat.left':
      return removeMember(client, room, actor, seq)
    case 'chat.removed':
      return removeMember(client, room, event.payload.user, seq)
    case 'chat.renamed':
      return renameChat(client, room, event.payload.title)
    case 'chat.message.edited':
      return editMessage(client, room, { ...event.payload, at, seq })
    case 'chat.message.deleted':
      return deleteMessage(client, room, event.payload.message, at)
    case 'chat.reaction.added':
      return addReaction(client, room, { ...event.payload, user: actor, seq })
    case 'chat.reaction.removed':
      return removeReaction(client, room, { ...event.payload, user: actor })
    default:
      return undefined
  }
}
