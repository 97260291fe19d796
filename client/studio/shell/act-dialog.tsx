import { Alert, Button, Group, Modal, Stack } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { type FormEvent, Fragment, type ReactNode, useEffect, useRef, useState } from 'react'
import { failureWords } from './failure.ts'
import { type Attempt, useAttempt } from './use-attempt.ts'

interface DialogProps {
  readonly opened: boolean
  readonly title: string
  /** Called where what it is for failed, and may have been done all the same: reads again what is shown. */
  readonly onUnsure: () => void
  readonly onClose: () => void
  readonly children: (asked: Asked) => ReactNode
}

interface Asked {
  readonly attempt: Attempt
  readonly close: () => void
}

/**
 * Something that is done once, when it is asked for. What is filled in begins anew each time it is opened; while it is being
 * done nobody closes it, or nobody would be told how that ended.
 */
export function Dialog({ opened, title, onUnsure, onClose, children }: DialogProps) {
  const attempt = useAttempt(onUnsure)
  const [shown, setShown] = useState({ opened, times: 0 })
  if (shown.opened !== opened) setShown({ opened, times: shown.times + (opened ? 1 : 0) })
  const close = () => {
    attempt.forget()
    onClose()
  }
  const closeNow = () => {
    if (!attempt.running) close()
  }
  return (
    <Modal opened={opened} onClose={closeNow} title={title}>
      <Fragment key={shown.times}>{children({ attempt, close })}</Fragment>
    </Modal>
  )
}

export interface ActFormProps {
  readonly asked: Asked
  /** What the button says that does it. */
  readonly button: string
  /** It cannot be taken back. */
  readonly dangerous?: boolean
  /** What is filled in is not enough yet. */
  readonly disabled?: boolean
  readonly onAct: () => Promise<void>
  /** What will happen, or what is to be filled in for it. */
  readonly children: ReactNode
}

/** In a dialog: what is done when its button is pressed; says why where it could not be. */
export function ActForm(props: ActFormProps) {
  const { asked, button, dangerous = false, disabled = false, onAct, children } = props
  const { running, failure, run } = asked.attempt
  const end = useRef<HTMLDivElement>(null)
  useEffect(() => {
    // With the buttons below it; not again while what stands above is mended.
    if (failure !== undefined) end.current?.scrollIntoView({ block: 'end' })
  }, [failure])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void run(onAct, asked.close)
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
          {/* What cannot be taken back is not done by an Enter too many. */}
          <Button
            variant="default"
            disabled={running}
            data-autofocus={dangerous || undefined}
            onClick={asked.close}
          >
            Cancel
          </Button>
          <Button
            type="submit"
            loading={running}
            disabled={disabled}
            data-autofocus={!dangerous || undefined}
            {...(dangerous ? { color: 'red.9' } : {})}
          >
            {button}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

type ActDialogProps = Omit<DialogProps, 'children'> & Omit<ActFormProps, 'asked'>

/** A dialog with nothing to fill in. */
export const ActDialog = ({ opened, title, onUnsure, onClose, ...form }: ActDialogProps) => (
  <Dialog opened={opened} title={title} onUnsure={onUnsure} onClose={onClose}>
    {(asked) => <ActForm asked={asked} {...form} />}
  </Dialog>
)
