import { Alert, Button, Group, Modal, Stack } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { type FormEvent, type ReactNode, useEffect, useRef } from 'react'
import { failureWords } from './failure.ts'
import { useAttempt } from './use-attempt.ts'

interface ActDialogProps {
  readonly opened: boolean
  readonly title: string
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

/** Something that is done once a button is pressed; says why where it could not be. */
export function ActDialog(props: ActDialogProps) {
  const { opened, title, button, dangerous = false, disabled = false, onAct, onUnsure, children } = props
  const { running, failure, run, forget } = useAttempt(onUnsure)
  const close = () => {
    forget()
    props.onClose()
  }
  const end = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // With the buttons below it; not again while what stands above is mended.
    if (failure !== undefined) end.current?.scrollIntoView({ block: 'end' })
  }, [failure])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void run(onAct, close)
  }
  return (
    <Modal opened={opened} onClose={close} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack gap="md" className="act-dialog">
          {children}
          {failure === undefined ? null : (
            <Alert color="red" variant="light" role="alert" icon={<IconAlertTriangle />}>
              {failureWords(failure)}
            </Alert>
          )}
          <Group justify="flex-end" gap="sm" ref={end} className="act-dialog-end">
            <Button variant="default" onClick={close}>
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
    </Modal>
  )
}
