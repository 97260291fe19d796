import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import type { ShownMessage } from '../../sdk/index.ts'

interface DeleteDialogProps {
  /** Undefined: nothing is to be deleted. */
  readonly message: ShownMessage | undefined
  readonly onDelete: (message: ShownMessage) => void
  readonly onClose: () => void
}

/** Asks first, since what is deleted is gone for everybody. */
export function DeleteDialog({ message, onDelete, onClose }: DeleteDialogProps) {
  return (
    <Modal opened={message !== undefined} onClose={onClose} title="Delete this message?">
      {message === undefined ? null : (
        <Stack gap="md">
          <Text lineClamp={3} dir="auto">
            {message.text}
          </Text>
          <Text size="sm" c="dimmed">
            What it says is gone for everybody, and cannot be brought back.
          </Text>
          <Group justify="flex-end">
            <Button variant="default" data-autofocus onClick={onClose}>
              Cancel
            </Button>
            <Button
              color="red"
              onClick={() => {
                onClose()
                onDelete(message)
              }}
            >
              Delete
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  )
}
