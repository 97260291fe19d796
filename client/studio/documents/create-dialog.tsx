import { Button, Group, Modal, NativeSelect, SegmentedControl, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { Editor } from '../../../server/protocol.ts'
import { LANGUAGES, languageOfTitle } from '../languages.ts'
import { documentPath, navigate } from '../router.ts'
import { randomId } from '../session.ts'
import { keepSeed } from './seed.ts'

interface CreateDialogProps {
  readonly opened: boolean
  readonly onClose: () => void
}

const LONGEST_TITLE = 200

export function CreateDialog({ opened, onClose }: CreateDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="New document">
      <CreateForm onClose={onClose} />
    </Modal>
  )
}

function CreateForm({ onClose }: { readonly onClose: () => void }) {
  const [title, setTitle] = useState('')
  const [editor, setEditor] = useState<Editor>('rich')
  const [chosen, setChosen] = useState<string>()
  // A title such as server.ts says it already; what is chosen by hand stays.
  const language = chosen ?? languageOfTitle(title)

  const submit = (event: FormEvent) => {
    event.preventDefault()
    const room = `doc:${randomId()}`
    keepSeed(room, { title: title.trim(), editor, ...(editor === 'code' ? { language } : {}) })
    onClose()
    navigate(documentPath(room))
  }

  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          data-autofocus
          label="Title"
          placeholder="Untitled"
          size="md"
          maxLength={LONGEST_TITLE}
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        <Stack gap={6}>
          <Text component="span" size="md" fw={500} id="create-kind">
            What it holds
          </Text>
          <SegmentedControl
            fullWidth
            size="md"
            aria-labelledby="create-kind"
            value={editor}
            onChange={(value) => setEditor(value === 'code' ? 'code' : 'rich')}
            data={[
              { value: 'rich', label: 'Rich text' },
              { value: 'code', label: 'Code' },
            ]}
          />
        </Stack>
        {editor === 'code' ? (
          <NativeSelect
            label="Language"
            size="md"
            value={language}
            onChange={(event) => setChosen(event.currentTarget.value)}
            data={LANGUAGES.map(({ id, label }) => ({ value: id, label }))}
          />
        ) : null}
        <Group justify="flex-end" mt="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit">Create</Button>
        </Group>
      </Stack>
    </form>
  )
}
