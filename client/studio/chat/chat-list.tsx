import { EmptyState, Skeleton, Stack, Text } from '@mantine/core'
import { IconBellOff, IconMessages, IconUsers } from '@tabler/icons-react'
import { useNotificationPreferences } from '../../react/index.ts'
import { type ChatSummary, colorFor } from '../../sdk/index.ts'
import { chatPath, linkTo } from '../router.ts'
import { KnownAvatar } from '../shell/person-avatar.tsx'
import { ago } from '../times.ts'
import { nameOf, titleOf } from './titles.ts'
import { UnreadBadge } from './unread-badge.tsx'

interface ChatListProps {
  readonly chats: readonly ChatSummary[] | undefined
  readonly self: string
  readonly current: string | undefined
}

export function ChatList({ chats, self, current }: ChatListProps) {
  const [{ muted }] = useNotificationPreferences()
  if (chats === undefined)
    return (
      <Stack gap="xs" p="sm" role="status" aria-label="Loading the chats">
        {[0, 1, 2, 3, 4].map((row) => (
          <Skeleton key={row} height={52} />
        ))}
      </Stack>
    )
  if (chats.length === 0)
    return (
      <EmptyState
        py={48}
        px="md"
        icon={<IconMessages />}
        title="No chats yet"
        description="Write to one person, or to several in a group."
      />
    )
  return (
    <ul className="plain-list chat-items" aria-label="Chats">
      {chats.map((chat) => (
        <li key={chat.room}>
          <ChatItem
            chat={chat}
            self={self}
            current={chat.room === current}
            muted={muted.includes(chat.room)}
          />
        </li>
      ))}
    </ul>
  )
}

interface ChatItemProps {
  readonly chat: ChatSummary
  readonly self: string
  readonly current: boolean
  /** Nothing of it is told. */
  readonly muted: boolean
}

function ChatItem({ chat, self, current, muted }: ChatItemProps) {
  const title = titleOf(chat, self)
  const at = new Date(chat.last?.at ?? chat.createdAt).toISOString()
  return (
    <a className="chat-item" aria-current={current ? 'page' : undefined} {...linkTo(chatPath(chat.room))}>
      <ChatPicture chat={chat} self={self} />
      <span className="chat-item-text">
        <span className="chat-item-title">
          <Text component="span" fw={chat.unread > 0 ? 700 : 500} truncate dir="auto">
            {title}
          </Text>
          {muted ? <IconBellOff size={14} aria-label="muted" /> : null}
          <time className="chat-item-time" dateTime={at}>
            {ago(at)}
          </time>
        </span>
        <span className="chat-item-title">
          <Text component="span" size="sm" c="dimmed" truncate className="chat-item-last">
            <bdi>{authorOf(chat, self)}</bdi>
            <bdi>{textOf(chat)}</bdi>
          </Text>
          <UnreadBadge count={chat.unread} />
        </span>
      </span>
    </a>
  )
}

export function ChatPicture({ chat, self }: Pick<ChatItemProps, 'chat' | 'self'>) {
  const other = chat.members.find(({ id }) => id !== self)
  if (chat.direct && other !== undefined)
    return <KnownAvatar id={other.id} name={nameOf(other)} color={colorFor(other.id)} size={36} />
  return (
    <span className="chat-picture" aria-hidden="true">
      <IconUsers size={20} stroke={1.7} />
    </span>
  )
}

function authorOf({ last, direct, members }: ChatSummary, self: string): string {
  if (last === null) return ''
  if (last.author === self) return 'You: '
  const author = members.find(({ id }) => id === last.author)
  return direct || author === undefined ? '' : `${nameOf(author)}: `
}

function textOf({ last }: ChatSummary): string {
  if (last === null) return 'Nothing has been said yet'
  return last.deleted ? 'deleted a message' : last.text.replaceAll('\n', ' ') || 'a link'
}
