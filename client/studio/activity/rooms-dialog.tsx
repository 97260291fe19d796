import { Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useClient } from '../../react/index.ts'
import type { DocumentSummary } from '../api.ts'
import { titleOf } from '../documents/document-row.tsx'

interface RoomsDialogProps {
  readonly project: string
  readonly documents: readonly DocumentSummary[] | undefined
  readonly opened: boolean
  readonly onClose: () => void
  readonly onAdded: () => void
}

/** Chooses documents that from then on belong to the project. Builds and deployments say it themselves. */
export function RoomsDialog({ opened, onClose, ...props }: RoomsDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="Add documents to the project">
      <RoomsForm {...props} onClose={onClose} />
    </Modal>
  )
}

function RoomsForm({ project, documents = [], onClose, onAdded }: Omit<RoomsDialogProps, 'opened'>) {
  const client = useClient()
  const [chosen, setChosen] = useState<readonly string[]>([])
  const [busy, setBusy] = useState(false)
  const [refused, setRefused] = useState<string>()

  const add = () => {
    setBusy(true)
    const room = client.room(`project:${project}`)
    Promise.all(chosen.map((name) => room.publish('project.room.added', { room: name })))
      .then(
        () => {
          onAdded()
          onClose()
        },
        (cause: unknown) => {
          setBusy(false)
          setRefused(cause instanceof Error ? cause.message : String(cause))
        },
      )
      .finally(() => room.release())
  }
  return (
    <Stack gap="md">
      {documents.length === 0 ? <Text c="dimmed">There are no documents yet.</Text> : null}
      <Checkbox.Group value={[...chosen]} onChange={setChosen} aria-label="Documents" error={refused}>
        <Stack gap="xs">
          {documents.map(({ name, title }) => (
            <Checkbox key={name} value={name} label={titleOf(title)} />
          ))}
        </Stack>
      </Checkbox.Group>
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button onClick={add} loading={busy} disabled={chosen.length === 0}>
          Add
        </Button>
      </Group>
    </Stack>
  )
}
