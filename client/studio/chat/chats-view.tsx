import './chat.css'
import { ActionIcon, Alert, Button, EmptyState, Group, Text, TextInput, Title } from '@mantine/core'
import { IconArrowLeft, IconCloudOff, IconMessages, IconPlus, IconSearch } from '@tabler/icons-react'
import { type RefObject, useEffect, useState } from 'react'
import { useChats } from '../../react/index.ts'
import { CHATS, linkTo } from '../router.ts'
import type { Session } from '../session.ts'
import { ChatList, ChatPicture } from './chat-list.tsx'
import { ChatMenu } from './chat-menu.tsx'
import { Conversation } from './conversation.tsx'
import { FoundMessages } from './found-messages.tsx'
import { NewChatDialog } from './new-chat-dialog.tsx'
import { nameOf, titleOf } from './titles.ts'

interface ChatsViewProps {
  readonly session: Session
  /** The chat that is open. */
  readonly room: string | undefined
  readonly searchRef: RefObject<HTMLInputElement | null>
}

/** All of one's chats, and the one that is open. */
export function ChatsView({ session, room, searchRef }: ChatsViewProps) {
  const self = session.user.id
  const { answer, error, chats } = useChats()
  const [words, setWords] = useState('')
  const [creating, setCreating] = useState(false)
  const chat = answer?.find((one) => one.room === room)
  const title = chat === undefined ? 'Chat' : titleOf(chat, self)
  useEffect(() => {
    document.title = `${title} · Syncline`
  }, [title])

  return (
    <div className="chats" data-open={room !== undefined || undefined}>
      <section className="chats-side" aria-label="Your chats">
        <Group justify="space-between" wrap="nowrap" className="chats-head">
          <Title order={1} size="h3">
            Chat
          </Title>
          <Button size="compact-md" leftSection={<IconPlus size={16} />} onClick={() => setCreating(true)}>
            New chat
          </Button>
        </Group>
        <TextInput
          ref={searchRef}
          className="chats-search"
          aria-label="Search your messages"
          placeholder="Search your messages"
          leftSection={<IconSearch size={16} />}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
        {error === undefined ? null : (
          <Alert
            role="status"
            color="orange"
            icon={<IconCloudOff />}
            m="sm"
            title="This list may be out of date"
          >
            {error.message}.{' '}
            <Button size="compact-xs" variant="default" onClick={chats.list.reload}>
              Try again
            </Button>
          </Alert>
        )}
        {words.trim() === '' ? (
          <ChatList chats={answer} self={self} current={room} />
        ) : (
          <FoundMessages words={words.trim()} chats={answer ?? []} self={self} />
        )}
      </section>
      <section className="chats-main" aria-label={title}>
        {room === undefined ? (
          answer === undefined || answer.length === 0 ? null : (
            <EmptyState
              py={80}
              px="md"
              icon={<IconMessages />}
              title="Choose a chat"
              description="Or begin a new one, with one person or with several."
            />
          )
        ) : (
          <>
            <div className="chat-bar">
              <ActionIcon
                component="a"
                variant="subtle"
                color="gray"
                size="lg"
                aria-label="Back to the chats"
                className="chat-back"
                {...linkTo(CHATS)}
              >
                <IconArrowLeft size={20} stroke={1.7} />
              </ActionIcon>
              {chat === undefined ? null : <ChatPicture chat={chat} self={self} />}
              <div className="chat-title">
                <Title order={2} size="h4" className="chat-title-text" dir="auto">
                  {title}
                </Title>
                {chat === undefined || chat.direct ? null : (
                  <Text size="xs" c="dimmed" truncate>
                    {chat.members.map(nameOf).join(', ')}
                  </Text>
                )}
              </div>
              {chat === undefined ? null : <ChatMenu key={chat.room} chat={chat} self={self} />}
            </div>
            <Conversation
              key={room}
              name={room}
              self={self}
              people={(chat?.members ?? []).map((member) => ({ id: member.id, name: nameOf(member) }))}
            />
          </>
        )}
      </section>
      <NewChatDialog opened={creating} self={self} onClose={() => setCreating(false)} />
    </div>
  )
}
