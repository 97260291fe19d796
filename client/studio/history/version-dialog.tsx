import { Checkbox, Text, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { ActDialog, ActForm, type ActFormProps, Dialog } from '../shell/act-dialog.tsx'
import { exactly } from '../times.ts'
import type { Version } from './api.ts'
import { useHistory } from './context.ts'

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
  const { reload } = useHistory()
  return (
    <Dialog
      opened={opened}
      title={version === undefined ? 'Name this version' : 'Rename or describe'}
      onUnsure={reload}
      onClose={onClose}
    >
      {(asked) => <VersionForm asked={asked} version={version} at={version?.at ?? at} />}
    </Dialog>
  )
}

type VersionFormProps = Pick<VersionDialogProps, 'at'> &
  Pick<ActFormProps, 'asked'> & { readonly version: Version | undefined }

function VersionForm({ asked, version, at }: VersionFormProps) {
  const { api, seq, reload } = useHistory()
  const [title, setTitle] = useState(version?.title ?? '')
  const [description, setDescription] = useState(version?.description ?? '')
  const [pinned, setPinned] = useState(version?.pinned ?? false)
  const save = async () => {
    const text = { title: title.trim(), description: description.trim() || null, pinned }
    if (version === undefined) await api.nameVersion(seq === undefined ? undefined : String(seq), text)
    else await api.changeVersion(version.id, text)
    reload()
  }
  return (
    <ActForm asked={asked} button="Save" disabled={title.trim() === ''} onAct={save}>
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
    </ActForm>
  )
}

interface DeleteVersionDialogProps {
  readonly opened: boolean
  readonly onClose: () => void
  readonly version: Version
}

export function DeleteVersionDialog({ opened, onClose, version }: DeleteVersionDialogProps) {
  const { api, reload } = useHistory()
  const remove = async () => {
    await api.deleteVersion(version.id)
    reload()
  }
  return (
    <ActDialog
      opened={opened}
      title="Delete this version?"
      button="Delete"
      dangerous
      onAct={remove}
      onUnsure={reload}
      onClose={onClose}
    >
      <Text>
        “{version.title ?? 'This version'}” goes from the list. The document and its past stay as they are.
      </Text>
    </ActDialog>
  )
}
