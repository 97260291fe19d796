import { Alert, Button, Checkbox, Group, Modal, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import { type FormEvent, useState } from 'react'
import type { RequestError } from '../api.ts'
import { exactly } from '../times.ts'
import type { Version } from './api.ts'
import { useHistory } from './context.ts'
import { toRequestError } from './use-timeline.ts'

interface VersionDialogProps {
  readonly opened: boolean
  readonly onClose: () => void
  /** The version that is described; without it a new one of the position that is shown. */
  readonly version?: Version
  /** When what is shown came about. */
  readonly at?: string | null | undefined
}

const LONGEST_TITLE = 200
const LONGEST_DESCRIPTION = 4000

export function VersionDialog({ opened, onClose, version, at }: VersionDialogProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={version === undefined ? 'Name this version' : 'Rename or describe'}
      closeButtonProps={{ 'aria-label': 'Close' }}
      centered
    >
      <VersionForm onClose={onClose} version={version} at={version?.at ?? at} />
    </Modal>
  )
}

function VersionForm({ onClose, version, at }: Omit<VersionDialogProps, 'opened'>) {
  const { api, seq } = useHistory()
  const [title, setTitle] = useState(version?.title ?? '')
  const [description, setDescription] = useState(version?.description ?? '')
  const [pinned, setPinned] = useState(version?.pinned ?? false)
  const { busy, error, act } = useAct(onClose)

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const text = { title: title.trim(), description: description.trim() || null, pinned }
    act(() =>
      version === undefined
        ? api.nameVersion(seq === undefined ? undefined : String(seq), text)
        : api.changeVersion(version.id, text),
    )
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        {at ? (
          <Text size="sm" c="dimmed">
            The document as of {exactly(at)}
          </Text>
        ) : null}
        <TextInput
          data-autofocus
          label="Name"
          placeholder="Sent to the printer"
          size="md"
          maxLength={LONGEST_TITLE}
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        <Textarea
          label="Description"
          size="md"
          autosize
          minRows={2}
          maxRows={6}
          maxLength={LONGEST_DESCRIPTION}
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        <Checkbox
          label="Pin it"
          description="Marks it as one to keep."
          checked={pinned}
          onChange={(event) => setPinned(event.currentTarget.checked)}
        />
        <Failed error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} disabled={title.trim() === ''}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  )
}

interface DeleteVersionDialogProps {
  readonly opened: boolean
  readonly onClose: () => void
  readonly version: Version
}

export function DeleteVersionDialog({ opened, onClose, version }: DeleteVersionDialogProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Delete this version?"
      closeButtonProps={{ 'aria-label': 'Close' }}
      centered
    >
      <DeleteVersion onClose={onClose} version={version} />
    </Modal>
  )
}

function DeleteVersion({ onClose, version }: Omit<DeleteVersionDialogProps, 'opened'>) {
  const { api } = useHistory()
  const { busy, error, act } = useAct(onClose)
  return (
    <Stack gap="md">
      <Text>
        “{version.title ?? 'This version'}” goes from the list. The document and its past stay as they are.
      </Text>
      <Failed error={error} />
      <Group justify="flex-end">
        <Button variant="default" data-autofocus onClick={onClose}>
          Cancel
        </Button>
        <Button color="red" loading={busy} onClick={() => act(() => api.deleteVersion(version.id))}>
          Delete
        </Button>
      </Group>
    </Stack>
  )
}

function Failed({ error }: { readonly error: RequestError | undefined }) {
  if (error === undefined) return null
  const title = error.unsure ? 'Whether that was saved is not known' : 'That could not be saved'
  return (
    <Alert role="alert" color="red" icon={<IconAlertTriangle />} title={title}>
      {error.message}. {error.unsure ? 'Look at the timeline before you try again.' : 'Nothing was changed.'}
    </Alert>
  )
}

/** Does something to the versions, once, and closes what asked for it; what fails is told there. */
function useAct(onDone: () => void) {
  const { reload } = useHistory()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<RequestError>()
  const act = (what: () => Promise<unknown>) => {
    setBusy(true)
    setError(undefined)
    what()
      .then(
        () => {
          reload()
          onDone()
        },
        (cause: unknown) => {
          const failed = toRequestError(cause)
          setError(failed)
          if (failed.unsure) reload()
        },
      )
      .finally(() => setBusy(false))
  }
  return { busy, error, act }
}
