import './notifications.css'
import { ActionIcon, Drawer, Indicator, Tooltip } from '@mantine/core'
import { IconBell } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useNotifications } from '../../react/index.ts'
import { usePath } from '../router.ts'
import { InboxPanel } from './inbox-panel.tsx'
import { useToasts } from './use-toasts.ts'

/** How many notifications are unread; it opens them. */
export function Bell() {
  const { unread, unseen } = useNotifications()
  const [opened, setOpened] = useState(false)
  const path = usePath()
  useToasts()
  // Whatever was chosen in it is shown behind it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is what is waited for
  useEffect(() => setOpened(false), [path])
  const words = unread === 0 ? 'Notifications' : `Notifications: ${unread} unread`
  return (
    <>
      <Tooltip label={words}>
        <Indicator
          label={unread > 99 ? '99+' : unread}
          disabled={unread === 0}
          color={unseen > 0 ? 'red.8' : 'gray.7'}
          size={18}
          offset={6}
          zIndex={1}
        >
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={words}
            aria-haspopup="dialog"
            onClick={() => setOpened(true)}
          >
            <IconBell size={20} stroke={1.7} />
          </ActionIcon>
        </Indicator>
      </Tooltip>
      <Drawer
        opened={opened}
        onClose={() => setOpened(false)}
        position="right"
        size="md"
        title="Notifications"
      >
        <InboxPanel onFollow={() => setOpened(false)} />
      </Drawer>
    </>
  )
}
