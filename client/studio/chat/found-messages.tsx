import { EmptyState, Skeleton, Stack, Text } from '@mantine/core'
import { IconSearchOff } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useChats } from '../../react/index.ts'
import type { ChatSummary, FoundMessage } from '../../sdk/index.ts'
import { chatPath, linkTo } from '../router.ts'
import { ago } from '../times.ts'
import { nameOf, titleOf } from './titles.ts'

interface FoundMessagesProps {
  readonly words: string
  readonly chats: readonly ChatSummary[]
  readonly self: string
}

/** Not at each letter that is typed, in ms. */
const WAIT = 200

type Found =
  | { readonly words: string; readonly messages: readonly FoundMessage[] }
  | { readonly words: string; readonly error: string }

export function FoundMessages({ words, chats, self }: FoundMessagesProps) {
  const { chats: asked } = useChats()
  const [found, setFound] = useState<Found>()
  useEffect(() => {
    let gone = false
    const ask = () =>
      asked.search(words).then(
        (messages) => (gone ? undefined : setFound({ words, messages })),
        (error: unknown) =>
          gone
            ? undefined
            : setFound({ words, error: error instanceof Error ? error.message : String(error) }),
      )
    const timer = setTimeout(ask, WAIT)
    return () => {
      gone = true
      clearTimeout(timer)
    }
  }, [asked, words])

  if (found === undefined)
    return (
      <Stack gap="xs" p="sm" role="status" aria-label="Searching">
        {[0, 1, 2].map((row) => (
          <Skeleton key={row} height={52} />
        ))}
      </Stack>
    )
  if ('error' in found) return <EmptyState py={48} px="md" icon={<IconSearchOff />} title={found.error} />
  if (found.messages.length === 0)
    return (
      <EmptyState
        py={48}
        px="md"
        icon={<IconSearchOff />}
        title="Nothing found"
        description={
          'Whole words are looked for; "in quotes" they stand together, and -so they must not be there.'
        }
      />
    )
  return (
    <ul className="plain-list chat-items" aria-label="Messages found">
      {found.messages.map((message) => (
        <li key={`${message.room} ${message.id}`}>
          <FoundItem message={message} chat={chats.find(({ room }) => room === message.room)} self={self} />
        </li>
      ))}
    </ul>
  )
}

interface FoundItemProps {
  readonly message: FoundMessage
  readonly chat: ChatSummary | undefined
  readonly self: string
}

function FoundItem({ message, chat, self }: FoundItemProps) {
  const author = chat?.members.find(({ id }) => id === message.author)
  const at = new Date(message.at).toISOString()
  return (
    <a className="chat-item" {...linkTo(chatPath(message.room))}>
      <span className="chat-item-text">
        <span className="chat-item-title">
          <Text component="span" fw={500} truncate dir="auto">
            {author === undefined ? message.author : nameOf(author)}
            {chat === undefined ? '' : ` in ${titleOf(chat, self)}`}
          </Text>
          <time className="chat-item-time" dateTime={at}>
            {ago(at)}
          </time>
        </span>
        <Text component="span" size="sm" c="dimmed" lineClamp={3} dir="auto">
          {message.excerpt.map(({ text, found }, index) =>
            // biome-ignore lint/suspicious/noArrayIndexKey: pieces of one text have no other name
            found ? <mark key={index}>{text}</mark> : <span key={index}>{text}</span>,
          )}
        </Text>
      </span>
    </a>
  )
}
