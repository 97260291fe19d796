import { Button, Code, CopyButton, Group, Modal, Stack, Text } from '@mantine/core'
import { IconCheck, IconCopy } from '@tabler/icons-react'

interface SecretDialogProps {
  readonly secret: string | undefined
  /** What else is to be known of it. */
  readonly says: string
  readonly onClose: () => void
}

/** A secret as it is shown once: only who has noted it goes on. */
export const SecretDialog = ({ secret, says, onClose }: SecretDialogProps) => (
  <Modal
    opened={secret !== undefined}
    onClose={onClose}
    closeOnClickOutside={false}
    closeOnEscape={false}
    withCloseButton={false}
    title="The secret, shown this once"
  >
    <Stack gap="md">
      <Text>
        Messages are signed with it, so that the receiver can tell that they are from here. Copy it now:
        nobody can read it again. {says}
      </Text>
      <Code block className="webhook-secret">
        {secret}
      </Code>
      <Group justify="space-between" gap="sm">
        <CopyButton value={secret ?? ''}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              leftSection={copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
              onClick={copy}
            >
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
        <Button onClick={onClose}>I have noted it</Button>
      </Group>
    </Stack>
  </Modal>
)
