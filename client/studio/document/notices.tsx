import { Alert, Button, Group, Stack, Text } from '@mantine/core'
import { IconAlertCircle, IconCloudOff } from '@tabler/icons-react'
import type { Refusal, Room, RoomState } from '../../sdk/index.ts'

/** What is wrong with this document now, and what to do about it. */
export function Notices({ room, state }: { readonly room: Room; readonly state: RoomState }) {
  const { refusal, status, unsaved } = state
  if (refusal !== undefined && (status === 'refused' || unsaved > 0)) {
    return <RefusedNotice refusal={refusal} state={state} onRetry={() => room.retry()} />
  }
  return status === 'offline' ? <OfflineBanner state={state} /> : null
}

/** Without a copy of its own, a browser has what was written for as long as the page is open. */
export function staysWhere({ kept, unsaved }: RoomState): string {
  if (unsaved === 0) return ''
  return kept === undefined
    ? 'What is not saved is in this tab alone: leave it open.'
    : 'What is not saved stays on this device.'
}

function OfflineBanner({ state }: { readonly state: RoomState }) {
  return (
    <div className="banner" role="status">
      <IconCloudOff size={18} stroke={1.7} style={{ flex: 'none' }} aria-hidden="true" />
      <span>You are offline. Go on writing: changes are sent when you are back. {staysWhere(state)}</span>
    </div>
  )
}

interface RefusedProps {
  readonly refusal: Refusal
  readonly state: RoomState
  readonly onRetry: () => void
}

function RefusedNotice({ refusal, state, onRetry }: RefusedProps) {
  return (
    <Alert m="sm" color="red" role="alert" icon={<IconAlertCircle />} title={refusal.message}>
      <Stack gap="xs" align="flex-start">
        <Text size="sm">
          {whatToDo(refusal)} {staysWhere(state)}
        </Text>
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
      return 'Leave by the menu under your picture and enter again with a new token.'
    case 'forbidden':
    case 'room-not-found':
      return 'Check the address, or ask whoever shared it with you to give you access.'
    case 'read-only':
      return 'Ask for the right to write.'
    case 'frame-too-large':
    case 'update-malformed':
    case 'frame-malformed':
      return 'Copy what you wrote last to a safe place, then take it out again or add it in smaller parts.'
    case 'room-damaged':
      return 'Tell an administrator; nothing you do here makes it worse.'
    default:
      return retryable ? 'It is tried again by itself.' : 'Copy what you need elsewhere before you leave.'
  }
}
