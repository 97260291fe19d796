import { Alert, Button, EmptyState, Skeleton, Stack, Text } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconCloudOff, IconMessageOff, IconMessagePlus } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { useChat, useRoom, useRoomState } from '../../react/index.ts'
import type { ShownMessage } from '../../sdk/index.ts'
import { type Draft, draftAt, keepDraft, usePlaces } from '../drafts.ts'
import type { Named } from '../mentions.ts'
import { Composer, type Context } from './composer.tsx'
import { DeleteDialog } from './delete-dialog.tsx'
import { MessageList } from './message-list.tsx'
import type { MessageActions } from './message-row.tsx'
import { useTyping } from './use-typing.ts'

interface ConversationProps {
  readonly name: string
  readonly self: string
  /** Whoever is known to belong to it. */
  readonly people: readonly Named[]
}

/** What is said in a room, and a field to say something. */
export function Conversation({ name, self, people }: ConversationProps) {
  const room = useRoom(name)
  const at = usePlaces(name)
  const { refusal, status } = useRoomState(room)
  const { chat, ...state } = useChat(room)
  const [context, setContext] = useState<Context>()
  const [deleting, setDeleting] = useState<ShownMessage>()
  const { typing, type } = useTyping(room, self)
  const { names, loaded, error, messages, role } = state
  const nameOf = useMemo(() => {
    const known = new Map(people.map(({ id, name }) => [id, name]))
    return (user: string) => known.get(user) ?? names[user] ?? user
  }, [people, names])
  const readOnly = role === 'read'

  const actions = useMemo<MessageActions>(
    () => ({
      answer: (message) => setContext({ kind: 'answer', message, author: nameOf(message.author) }),
      edit: (message) => setContext({ kind: 'edit', message }),
      delete: setDeleting,
      react: ({ id }, emoji, given) => tell(chat.react(id, emoji, given), 'It could not be changed'),
      sendAgain: ({ id }) => chat.sendAgain(id),
      drop: ({ id }) => chat.drop(id),
      show: (id) => document.getElementById(`message-${id}`)?.scrollIntoView({ block: 'center' }),
    }),
    [chat, nameOf],
  )
  /** What was refused is there to be edited again, now if nothing else is being written. */
  const takeBack = (edit: Context, draft: Draft) => {
    const place = at(`edit ${edit.message.id}`)
    if (draftAt(place) === undefined) keepDraft(place, draft)
    if (draftAt(at('message')) === undefined) setContext((now) => now ?? edit)
  }
  const send = (text: string, mentions: readonly string[]) => {
    if (context?.kind === 'edit') {
      // An edit says all that the message is then: links are of the application that sent it.
      const { id, links } = context.message
      const edited = chat.edit(id, { text, mentions, links })
      tell(edited, 'It could not be changed')
      edited.catch(() =>
        takeBack(context, { text, chosen: mentions.map((id) => ({ id, name: nameOf(id) })) }),
      )
    } else chat.send({ text, mentions, answers: context?.message.id })
    setContext(undefined)
  }
  const editLast = () => {
    const own = (message: ShownMessage) =>
      message.author === self && message.state === 'sent' && !message.deleted
    const message = messages.findLast(own)
    if (message !== undefined) setContext({ kind: 'edit', message })
  }

  if (!loaded) {
    const reason = refusal ?? error
    if (reason === undefined) return <Opening />
    return (
      <EmptyState
        py={64}
        px="md"
        icon={reason.retryable ? <IconCloudOff /> : <IconMessageOff />}
        title={reason.message}
        description={
          reason.retryable
            ? 'The messages appear as soon as the server answers.'
            : 'Only those who belong to a chat can read it.'
        }
      >
        <EmptyState.Actions>
          <Button
            variant="default"
            onClick={() => {
              room.retry()
              chat.reload()
            }}
          >
            Try again
          </Button>
        </EmptyState.Actions>
      </EmptyState>
    )
  }
  return (
    <div className="conversation">
      <DeleteDialog
        message={deleting}
        onDelete={({ id }) => tell(chat.delete(id), 'It could not be deleted')}
        onClose={() => setDeleting(undefined)}
      />
      {status === 'refused' && refusal !== undefined ? (
        <Alert color="orange" role="alert" title="This chat has ended for you">
          {refusal.message}
        </Alert>
      ) : null}
      {messages.length === 0 ? (
        <EmptyState
          py={64}
          px="md"
          className="messages-frame"
          icon={<IconMessagePlus />}
          title="Nothing has been said yet"
          description={readOnly ? 'You may read what will be said here.' : 'Say the first word.'}
        />
      ) : (
        <MessageList
          chat={chat}
          state={state}
          self={self}
          nameOf={nameOf}
          administers={role === 'admin'}
          readOnly={readOnly}
          actions={actions}
        />
      )}
      <Text size="sm" c="dimmed" className="conversation-typing" role="status">
        <TypingWords names={typing.map(nameOf)} />
      </Text>
      {readOnly ? (
        <Text size="sm" c="dimmed" p="sm" ta="center">
          You may read what is said here, and not write.
        </Text>
      ) : (
        <Composer
          room={name}
          context={context}
          people={people.filter(({ id }) => id !== self)}
          nameOf={nameOf}
          onSend={send}
          onCancel={() => setContext(undefined)}
          onTyping={type}
          onEditLast={editLast}
        />
      )}
    </div>
  )
}

function tell(done: Promise<void>, title: string): void {
  done.catch((error: unknown) =>
    notifications.show({
      color: 'orange',
      title,
      message: error instanceof Error ? error.message : String(error),
      withBorder: true,
    }),
  )
}

function TypingWords({ names }: { readonly names: readonly string[] }) {
  const [one, other] = names
  if (one === undefined) return null
  const others =
    other === undefined ? '' : names.length === 2 ? ` and ${other}` : ` and ${names.length - 1} others`
  return (
    <>
      <span className="typing-names">{one + others}</span>
      <span className="typing-rest">{other === undefined ? ' is typing' : ' are typing'}</span>
    </>
  )
}

function Opening() {
  return (
    <Stack p="lg" gap="md" role="status" aria-label="Opening the chat">
      <Skeleton height={36} width="60%" />
      <Skeleton height={36} width="45%" />
      <Skeleton height={36} width="70%" />
    </Stack>
  )
}
