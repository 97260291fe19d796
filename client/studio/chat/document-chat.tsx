import './chat.css'
import { ActionIcon, CloseButton, Drawer, Group, Indicator, Text, Tooltip } from '@mantine/core'
import { IconMessages } from '@tabler/icons-react'
import { useChat, useClient } from '../../react/index.ts'
import type { Room, Thread } from '../../sdk/index.ts'
import { usePeopleOf } from '../comments/people.tsx'
import { useWide } from '../history/use-wide.ts'
import { Conversation } from './conversation.tsx'
import { countShown } from './titles.ts'

interface DocumentChatProps {
  readonly room: Room
  readonly opened: boolean
  readonly onChange: (opened: boolean) => void
}

const LABEL = 'Chat about this document'
const NO_THREADS: readonly Thread[] = []

/** Opens the chat, and says how much of it one has not read. */
export function DocumentChatToggle({ room, opened, onChange }: DocumentChatProps) {
  const self = useClient().user?.id
  const { messages, reads } = useChat(room)
  if (self === undefined) return null
  const read = reads[self] ?? 0
  const unread = messages.filter(
    ({ author, seq, state, deleted }) => state === 'sent' && author !== self && !deleted && seq > read,
  ).length
  return (
    <Tooltip label={LABEL}>
      <Indicator label={countShown(unread)} size={16} disabled={opened || unread === 0} offset={5}>
        <ActionIcon
          variant={opened ? 'light' : 'subtle'}
          color="gray"
          size="lg"
          aria-label={opened || unread === 0 ? LABEL : `${LABEL}, ${unread} unread`}
          aria-expanded={opened}
          onClick={() => onChange(!opened)}
        >
          <IconMessages size={20} stroke={1.7} />
        </ActionIcon>
      </Indicator>
    </Tooltip>
  )
}

/** What people say about a document, in its own room, beside it: whoever reads the document reads that. */
export function DocumentChat({ room, opened, onChange }: DocumentChatProps) {
  const wide = useWide()
  const close = () => onChange(false)
  if (!wide)
    return (
      <Drawer
        opened={opened}
        onClose={close}
        position="right"
        size={400}
        title={LABEL}
        closeButtonProps={{ 'aria-label': 'Close the chat' }}
        withOverlay={false}
        lockScroll={false}
        trapFocus={false}
        closeOnClickOutside={false}
        classNames={{ content: 'document-chat', body: 'document-chat-body' }}
      >
        <Talk room={room} />
      </Drawer>
    )
  if (!opened) return null
  return (
    <aside className="document-chat document-chat-beside" aria-label={LABEL}>
      <Group className="comments-header" justify="space-between" wrap="nowrap">
        <Text component="h2" fw={600} size="sm">
          {LABEL}
        </Text>
        <CloseButton aria-label="Close the chat" onClick={close} />
      </Group>
      <Talk room={room} />
    </aside>
  )
}

function Talk({ room }: { readonly room: Room }) {
  const self = useClient().user?.id
  const { known } = usePeopleOf(room, NO_THREADS)
  if (self === undefined) return null
  return <Conversation name={room.name} self={self} people={known} />
}
