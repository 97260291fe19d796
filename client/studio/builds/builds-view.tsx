import './builds.css'
import { Button, EmptyState, Group, Stack, Text, Title } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconHammer, IconPlayerPlay } from '@tabler/icons-react'
import { useEffect } from 'react'
import { useClient } from '../../react/index.ts'
import type { Client } from '../../sdk/index.ts'
import type { TokenSource } from '../api.ts'
import { buildPath, navigate } from '../router.ts'
import { randomId } from '../session.ts'
import { LoadingRows } from '../shell/loading-rows.tsx'
import { ReadFailure } from '../shell/read-failure.tsx'
import { BuildRow } from './build-row.tsx'
import { publishSample } from './sample.ts'
import { useBuilds } from './use-builds.ts'

/** It goes on while one looks at other pages of this tab. */
function startSample(client: Client): void {
  const id = `sample-${randomId().slice(0, 6)}`
  publishSample(client, id).catch((cause: unknown) => {
    notifications.show({
      color: 'orange',
      title: 'The sample build could not go on',
      message: cause instanceof Error ? cause.message : String(cause),
      withBorder: true,
    })
  })
  navigate(buildPath(`build:${id}`))
}

interface BuildsViewProps {
  readonly token: TokenSource
  /** Whether to offer a build to look at. */
  readonly development: boolean
}

export function BuildsView({ token, development }: BuildsViewProps) {
  const client = useClient()
  const { list, error, reload, loadMore } = useBuilds(token)
  useEffect(() => {
    document.title = 'Builds · Syncline'
  }, [])
  const sample = development ? (
    <Button leftSection={<IconPlayerPlay size={18} />} onClick={() => startSample(client)}>
      Start a sample build
    </Button>
  ) : null
  return (
    <Stack className="page" gap="lg">
      <Group justify="space-between" align="flex-end" gap="sm">
        <Stack gap={4}>
          <Title order={1} size="h2">
            Builds
          </Title>
          <Text c="dimmed">How far each one is, its log, and where it was deployed.</Text>
        </Stack>
        {list === undefined || list.length === 0 ? null : sample}
      </Group>
      {error === undefined ? null : (
        <ReadFailure
          title={list === undefined ? 'The list cannot be read' : 'This list may be out of date'}
          says={`${error.message}. The builds themselves go on.`}
          retry={reload}
        />
      )}
      {list === undefined && error === undefined ? (
        <LoadingRows label="Loading the builds" height={64} />
      ) : null}
      {list?.length === 0 ? (
        <EmptyState
          py={64}
          icon={<IconHammer />}
          title="No builds yet"
          description="A build is a room, such as build:412. What your build server publishes there is shown here as it happens."
        >
          {sample === null ? null : <EmptyState.Actions>{sample}</EmptyState.Actions>}
        </EmptyState>
      ) : null}
      {list === undefined || list.length === 0 ? null : (
        <ul className="rows" aria-label="Builds">
          {list.map((build) => (
            <li key={build.room.name}>
              <BuildRow {...build} />
            </li>
          ))}
        </ul>
      )}
      {loadMore === undefined ? null : (
        <Button variant="default" onClick={loadMore} style={{ alignSelf: 'center' }}>
          Show more
        </Button>
      )}
    </Stack>
  )
}
