import { ActionIcon, Menu } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconDots, IconPencil, IconPinned, IconPinnedOff, IconTrash } from '@tabler/icons-react'
import { useState } from 'react'
import type { Version } from './api.ts'
import { useHistory } from './context.ts'
import { toRequestError } from './use-timeline.ts'
import { DeleteVersionDialog, VersionDialog } from './version-dialog.tsx'

/** What may be done to a version. */
export function VersionMenu({ version, label }: { readonly version: Version; readonly label: string }) {
  const { api, reload } = useHistory()
  const [open, setOpen] = useState<'describe' | 'delete'>()
  const { pinned } = version
  const close = () => setOpen(undefined)
  const pin = () => {
    api.changeVersion(version.id, { pinned: !pinned }).then(reload, (cause: unknown) => {
      const { message, unsure } = toRequestError(cause)
      const undone = pinned ? 'It is still pinned' : 'It was not pinned'
      notifications.show({
        color: 'red',
        title: unsure ? 'Whether that was done is not known' : undone,
        message,
      })
      if (unsure) reload()
    })
  }
  return (
    <>
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={36}
            className="timeline-more"
            aria-label={`${label}: more`}
          >
            <IconDots size={18} stroke={1.7} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconPencil size={16} />} onClick={() => setOpen('describe')}>
            Rename or describe
          </Menu.Item>
          <Menu.Item
            leftSection={pinned ? <IconPinnedOff size={16} /> : <IconPinned size={16} />}
            onClick={pin}
          >
            {pinned ? 'Unpin' : 'Pin'}
          </Menu.Item>
          <Menu.Item color="red" leftSection={<IconTrash size={16} />} onClick={() => setOpen('delete')}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <VersionDialog opened={open === 'describe'} onClose={close} version={version} />
      <DeleteVersionDialog opened={open === 'delete'} onClose={close} version={version} />
    </>
  )
}
