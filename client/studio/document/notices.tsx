import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { IconAlertCircle, IconCloudOff } from '@tabler/icons-react'
import type { Refusal, Room, RoomState } from '../../sdk/index.ts'

/** What is wrong with this document now, and what to do about it. */
export function Notices({ room, state }: { readonly room: Room; readonly state: RoomState }) {
  const { refusal, status, unsaved } = state
  if (refusal !== undefined && (status === 'refused' || unsaved > 0)) {
    return <RefusedNotice refusal={refusal} onRetry={() => room.retry()} />
  }
  return status === 'offline' ? <OfflineBanner /> : null
}

function OfflineBanner() {
  return (
    <div className="banner" role="status">
      <IconCloudOff size={18} stroke={1.7} style={{ flex: 'none' }} aria-hidden="true" />
      <span>You are offline. Go on writing: changes stay on this device and are sent when you are back.</span>
    </div>
  )
}

interface RefusedProps {
  readonly refusal: Refusal
  readonly onRetry: () => void
}

function RefusedNotice({ refusal, onRetry }: RefusedProps) {
  return (
    <Alert m="sm" color="red" role="alert" icon={<IconAlertCircle />} title={refusal.message}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">{whatToDo(refusal)}</Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        </Group>
      </Stack>
    </Alert>
  )
}

export function whatToDo({ code, retryable }: Refusal): string {
  switch (code) {
    case 'token-missing':
    case 'token-invalid':
    case 'token-expired':
      return 'Leave by the menu under your picture and enter again with a new token. What you wrote stays on this device.'
    case 'forbidden':
    case 'room-not-found':
      return 'Check the address, or ask whoever shared it with you to give you access.'
    case 'read-only':
      return 'Ask for the right to write. Until then your changes stay on this device only.'
    case 'frame-too-large':
    case 'update-malformed':
    case 'frame-malformed':
      return 'Copy what you wrote last to a safe place, then take it out again or add it in smaller parts.'
    case 'room-damaged':
      return 'Tell an administrator; nothing you do here makes it worse. What you wrote stays on this device.'
    default:
      return retryable
        ? 'Nothing is lost: what you wrote stays on this device and is sent again.'
        : 'What you wrote stays on this device. Copy it before you leave if you need it elsewhere.'
  }
}
