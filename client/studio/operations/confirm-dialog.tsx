import { Alert, Button, Group, Modal, Stack } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { type ReactNode, useState } from 'react'
import { type Failure, failureOf, failureWords } from './failure.ts'

interface ConfirmDialogProps {
  readonly opened: boolean
  readonly title: string
  /** What the button says that does it. */
  readonly confirm: string
  /** It cannot be taken back. */
  readonly dangerous?: boolean
  readonly onConfirm: () => Promise<void>
  /** Called where it failed, and may have been done all the same: reads again what is shown. */
  readonly onUnsure: () => void
  readonly onClose: () => void
  /** What will happen. */
  readonly children: ReactNode
}

/** Asks once more before something is done, and says why where it could not be. */
export function ConfirmDialog(props: ConfirmDialogProps) {
  const { opened, title, confirm, dangerous = false, onConfirm, onUnsure, onClose, children } = props
  const [running, setRunning] = useState(false)
  const [failure, setFailure] = useState<Failure>()
  const close = () => {
    setFailure(undefined)
    onClose()
  }
  const run = async () => {
    setRunning(true)
    setFailure(undefined)
    try {
      await onConfirm()
      onClose()
    } catch (cause) {
      const failed = failureOf(cause)
      setFailure(failed)
      if (failed.unsure) onUnsure()
    } finally {
      setRunning(false)
    }
  }
  return (
    <Modal opened={opened} onClose={close} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="md" className="confirm">
        {children}
        {failure === undefined ? null : (
          <Alert color="red" variant="light" role="alert" icon={<IconAlertTriangle />}>
            {failureWords(failure)}
          </Alert>
        )}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button
            loading={running}
            data-autofocus
            {...(dangerous ? { color: 'red.9' } : {})}
            onClick={() => void run()}
          >
            {confirm}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
