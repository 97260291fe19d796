import { Alert, Button, CopyButton, Group, Modal, Stack, TagsInput, Text, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useChats } from '../../react/index.ts'
import type { ChatSummary } from '../../sdk/index.ts'
import { chatPath, navigate } from '../router.ts'
import { nameOf } from './titles.ts'

interface NewChatDialogProps {
  readonly opened: boolean
  readonly self: string
  readonly onClose: () => void
}

export function NewChatDialog({ opened, self, onClose }: NewChatDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="New chat">
      <NewChatForm self={self} onClose={onClose} />
    </Modal>
  )
}

/** People with whom one is in a chat already, as `name (id)` to their ids. */
export function knownPeople(chats: readonly ChatSummary[], self: string): ReadonlyMap<string, string> {
  const people = chats.flatMap(({ members }) => members).filter(({ id }) => id !== self)
  return new Map(people.map((person) => [labelOf(person), person.id]))
}

const labelOf = (person: { readonly id: string; readonly name: string | null }): string =>
  nameOf(person) === person.id ? person.id : `${nameOf(person)} (${person.id})`

function NewChatForm({ self, onClose }: Omit<NewChatDialogProps, 'opened'>) {
  const { answer, chats } = useChats()
  const [people, setPeople] = useState<readonly string[]>([])
  const [title, setTitle] = useState('')
  const [problem, setProblem] = useState<string>()
  /** Of whom it was said that nobody knows them. */
  const [doubted, setDoubted] = useState<readonly string[]>([])
  const [busy, setBusy] = useState(false)
  const known = knownPeople(answer ?? [], self)
  const isGroup = people.length > 1 || title.trim() !== ''

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    const ids = people.map((person) => known.get(person) ?? person.trim())
    const [first] = ids
    if (first === undefined) return setProblem('Name at least one person')
    const strangers = ids.filter((id) => ![...known.values()].includes(id))
    if (strangers.some((id) => !doubted.includes(id))) return setDoubted(strangers)
    setBusy(true)
    try {
      const { room } = isGroup ? await chats.create(title.trim(), ids) : await chats.direct(first)
      onClose()
      navigate(chatPath(room))
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error))
      setBusy(false)
    }
  }

  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TagsInput
          data-autofocus
          label="With whom"
          description="Somebody you know, or the id that somebody gave you; Enter after each"
          placeholder={people.length === 0 ? 'Name or id' : ''}
          data={[...known.keys()]}
          value={[...people]}
          onChange={(chosen) => {
            setPeople(chosen)
            setDoubted([])
          }}
          acceptValueOnBlur
          clearable
          size="md"
        />
        <TextInput
          label="Title"
          description="Of a group; a chat of two needs none"
          size="md"
          maxLength={200}
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        {problem === undefined ? null : (
          <Alert color="orange" role="alert" title="It could not be created">
            {problem}
          </Alert>
        )}
        {doubted.length === 0 ? null : (
          <Alert color="orange" role="alert" title={`Nobody of this name is known: ${doubted.join(', ')}`}>
            You share no chat yet. Go on if this is the id that they gave you: nobody reads what is written to
            somebody who does not exist.
          </Alert>
        )}
        <CopyButton value={self}>
          {({ copied, copy }) => (
            <Group gap="xs" wrap="nowrap">
              <Text size="sm" c="dimmed" truncate>
                Your own id is {self}
              </Text>
              <Button size="compact-sm" variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            </Group>
          )}
        </CopyButton>
        <Group justify="flex-end" mt="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            {doubted.length > 0 ? 'Go on anyway' : isGroup ? 'Create the group' : 'Write'}
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
