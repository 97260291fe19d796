import { Alert, Button, Code, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { type FormEvent, useEffect, useState } from 'react'
import { RequestError, type TokenSource } from '../api.ts'
import { deleteRoom, type RoomSummary } from './api.ts'

interface DeleteDialogProps {
  readonly token: TokenSource
  readonly room: RoomSummary | undefined
  readonly onClose: () => void
  readonly onDeleted: () => void
}

/** A room is deleted by whoever types its name, and is gone for good. */
export function DeleteDialog({ token, room, onClose, onDeleted }: DeleteDialogProps) {
  const [typed, setTyped] = useState('')
  const [running, setRunning] = useState(false)
  const [failure, setFailure] = useState<string>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: another room is typed anew
  useEffect(() => {
    setTyped('')
    setFailure(undefined)
  }, [room])

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (room === undefined || typed !== room.name) return
    setRunning(true)
    try {
      await deleteRoom(token, room.name)
      onClose()
      onDeleted()
    } catch (cause) {
      setFailure(cause instanceof RequestError ? cause.message : 'The server’s answer cannot be read')
    } finally {
      setRunning(false)
    }
  }
  return (
    <Modal
      opened={room !== undefined}
      onClose={onClose}
      title="Delete this room"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form onSubmit={(event) => void submit(event)}>
        <Stack gap="md">
          <Text>
            Its text and its whole past go, for everybody and for good. Who has it open is told so. Export it
            first if it may be needed again.
          </Text>
          <TextInput
            label={
              <>
                Type <Code>{room?.name}</Code> to confirm
              </>
            }
            value={typed}
            autoComplete="off"
            data-autofocus
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          {failure === undefined ? null : (
            <Alert color="red" variant="light" role="alert" icon={<IconAlertTriangle />}>
              {failure}.
            </Alert>
          )}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" color="red.9" disabled={typed !== room?.name} loading={running}>
              Delete for good
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
