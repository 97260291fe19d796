import { useMemo, useSyncExternalStore } from 'react'
import { type Chat, type ChatState, chatOf } from '../sdk/chat/chat.ts'
import { type ChatSummary, type Chats, chatsOf, type Unread } from '../sdk/chat/chats.ts'
import type { Answered } from '../sdk/chat/refetched.ts'
import type { Room } from '../sdk/room.ts'
import { useClient } from './provider.ts'

/** What is said in a room, and the chat itself to say something. Older messages come with `chat.loadOlder()`. */
export const useChat = (room: Room): ChatState & { readonly chat: Chat } => {
  const client = useClient()
  const chat = chatOf(client, room)
  const state = useSyncExternalStore(chat.subscribe, chat.getState, chat.getState)
  return useMemo(() => ({ ...state, chat }), [state, chat])
}

/** One's chats, the last talked in first; undefined until they were read. And what can be done with them. */
export const useChats = (): Answered<readonly ChatSummary[]> & { readonly chats: Chats } => {
  const chats = chatsOf(useClient())
  const { subscribe, getState } = chats.list
  const state = useSyncExternalStore(subscribe, getState, getState)
  return useMemo(() => ({ ...state, answer: state.answer?.chats, chats }), [state, chats])
}

/** How many messages one has not read, in all chats and in each that has some; nothing until it was read. */
export const useUnread = (): Unread => {
  const { subscribe, getState } = chatsOf(useClient()).unread
  const { answer } = useSyncExternalStore(subscribe, getState, getState)
  return answer ?? NOTHING_UNREAD
}

const NOTHING_UNREAD: Unread = { total: 0, rooms: {} }
