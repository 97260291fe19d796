import { Alert, Button, Group, Modal, Stack } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { type FormEvent, type ReactNode, useEffect, useRef } from 'react'
import { failureWords } from './failure.ts'
import { useAttempt } from './use-attempt.ts'

interface DialogProps {
  readonly opened: boolean
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
}

/** What is in it is there only while it is in sight, and so begins anew each time it is opened. */
export const Dialog = ({ opened, title, onClose, children }: DialogProps) => (
  <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
    {children}
  </Modal>
)

interface ActFormProps {
  /** What the button says that does it. */
  readonly button: string
  /** It cannot be taken back. */
  readonly dangerous?: boolean
  /** What is filled in is not enough yet. */
  readonly disabled?: boolean
  readonly onAct: () => Promise<void>
  /** Called where it failed, and may have been done all the same: reads again what is shown. */
  readonly onUnsure: () => void
  readonly onClose: () => void
  /** What will happen, or what is to be filled in for it. */
  readonly children: ReactNode
}

/** In a dialog: something that is done once a button is pressed; says why where it could not be. */
export function ActForm(props: ActFormProps) {
  const { button, dangerous = false, disabled = false, onAct, onUnsure, onClose, children } = props
  const { running, failure, run } = useAttempt(onUnsure)
  const end = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // With the buttons below it; not again while what stands above is mended.
    if (failure !== undefined) end.current?.scrollIntoView({ block: 'end' })
  }, [failure])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void run(onAct, onClose)
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md" className="act-dialog">
        {children}
        {failure === undefined ? null : (
          <Alert color="red" variant="light" role="alert" icon={<IconAlertTriangle />}>
            {failureWords(failure)}
          </Alert>
        )}
        <Group justify="flex-end" gap="sm" ref={end} className="act-dialog-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={running}
            disabled={disabled}
            data-autofocus
            {...(dangerous ? { color: 'red.9' } : {})}
          >
            {button}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

/** A dialog with nothing to fill in. */
export const ActDialog = ({ opened, title, ...form }: Omit<DialogProps, 'onClose'> & ActFormProps) => (
  <Dialog opened={opened} title={title} onClose={form.onClose}>
    <ActForm {...form} />
  </Dialog>
)
