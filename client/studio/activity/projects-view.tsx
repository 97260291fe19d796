import { Button, EmptyState, Group, Modal, Stack, Text, TextInput, Title } from '@mantine/core'
import { IconActivity, IconPlus } from '@tabler/icons-react'
import { type FormEvent, useEffect, useState } from 'react'
import { useClient } from '../../react/index.ts'
import type { TokenSource } from '../api.ts'
import { activityPath, linkTo, navigate } from '../router.ts'
import { LoadingRows } from '../shell/loading-rows.tsx'
import { ReadFailure } from '../shell/read-failure.tsx'
import { useProjects } from './use-projects.ts'

interface ProjectsViewProps {
  readonly token: TokenSource
  readonly mayCreate: boolean
}

/** Where one chooses whose activity to look at. */
export function ProjectsView({ token, mayCreate }: ProjectsViewProps) {
  const { list, error, reload } = useProjects(token)
  const [creating, setCreating] = useState(false)
  useEffect(() => {
    document.title = 'Activity · Syncline'
  }, [])
  const create = mayCreate ? (
    <Button leftSection={<IconPlus size={18} />} onClick={() => setCreating(true)}>
      New project
    </Button>
  ) : null
  return (
    <Stack className="page" gap="lg">
      <Group justify="space-between" align="flex-end" gap="sm">
        <Stack gap={4}>
          <Title order={1} size="h2">
            Activity
          </Title>
          <Text c="dimmed">What happens in a project: its documents, builds, tasks and comments.</Text>
        </Stack>
        {list === undefined || list.length === 0 ? null : create}
      </Group>
      {error === undefined ? null : (
        <ReadFailure
          title="The projects cannot be read"
          says={`${error.message}. The projects themselves are not touched by this.`}
          retry={reload}
        />
      )}
      {list === undefined && error === undefined ? (
        <LoadingRows label="Loading the projects" height={56} rows={3} />
      ) : null}
      {list?.length === 0 ? (
        <EmptyState
          py={64}
          icon={<IconActivity />}
          title="No projects yet"
          description="A project is a room, such as project:website. Documents are added to it; builds and deployments name it themselves."
        >
          {create === null ? null : <EmptyState.Actions>{create}</EmptyState.Actions>}
        </EmptyState>
      ) : null}
      {list === undefined || list.length === 0 ? null : (
        <ul className="rows" aria-label="Projects">
          {list.map(({ id, title }) => (
            <li key={id}>
              <a className="row" {...linkTo(activityPath(id))}>
                <span className="row-text">
                  <Text component="span" fw={500} truncate display="block">
                    {title?.trim() || id}
                  </Text>
                  {title?.trim() ? (
                    <Text component="span" size="sm" c="dimmed" truncate display="block">
                      {id}
                    </Text>
                  ) : null}
                </span>
              </a>
            </li>
          ))}
        </ul>
      )}
      <Modal opened={creating} onClose={() => setCreating(false)} title="New project">
        <CreateForm onClose={() => setCreating(false)} />
      </Modal>
    </Stack>
  )
}

function CreateForm({ onClose }: { readonly onClose: () => void }) {
  const client = useClient()
  const [name, setName] = useState('')
  const [refused, setRefused] = useState<string>()
  const [busy, setBusy] = useState(false)
  const id = name.trim().toLowerCase().replace(/\s+/g, '-')

  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (id === '') return
    setBusy(true)
    const room = client.room(`project:${id}`)
    room
      .publish('project.updated', { title: name.trim() })
      .then(
        () => {
          onClose()
          navigate(activityPath(id))
        },
        (cause: unknown) => {
          setBusy(false)
          setRefused(cause instanceof Error ? cause.message : String(cause))
        },
      )
      .finally(() => room.release())
  }
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <TextInput
          data-autofocus
          label="Name"
          description={id === '' ? undefined : `Its room: project:${id}`}
          size="md"
          maxLength={100}
          value={name}
          error={refused}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} disabled={id === ''}>
            Create
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
