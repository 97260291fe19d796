import './chat.css'
import { ActionIcon, Drawer, Tooltip } from '@mantine/core'
import { IconMessages } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { useClient, usePresence } from '../../react/index.ts'
import type { Room } from '../../sdk/index.ts'
import { Conversation } from './conversation.tsx'

/** What people say about a document, in its own room, beside it: whoever reads the document reads that. */
export function DocumentChat({ room }: { readonly room: Room }) {
  const [opened, setOpened] = useState(false)
  const self = useClient().user?.id
  const here = usePresence(room)
  const people = useMemo(() => here.map(({ id, name }) => ({ id, name })), [here])
  if (self === undefined) return null
  return (
    <>
      <Tooltip label="Chat about this document">
        <ActionIcon
          variant={opened ? 'light' : 'subtle'}
          color="gray"
          size="lg"
          aria-label="Chat about this document"
          aria-expanded={opened}
          onClick={() => setOpened(!opened)}
        >
          <IconMessages size={20} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
      <Drawer
        opened={opened}
        onClose={() => setOpened(false)}
        position="right"
        size={400}
        title="Chat about this document"
        closeButtonProps={{ 'aria-label': 'Close the chat' }}
        withOverlay={false}
        lockScroll={false}
        trapFocus={false}
        closeOnClickOutside={false}
        classNames={{ content: 'document-chat', body: 'document-chat-body' }}
      >
        <Conversation name={room.name} self={self} people={people} />
      </Drawer>
    </>
  )
}
