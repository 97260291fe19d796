import './quarantine.css'
import { Alert, Button, EmptyState, Group, Text } from '@mantine/core'
import { IconAlertTriangle, IconFileCheck, IconShieldCheck } from '@tabler/icons-react'
import { useCallback, useState } from 'react'
import type { TokenSource } from '../../api.ts'
import { titleOf } from '../../documents/document-row.tsx'
import type { RoomSummary } from '../../rooms/api.ts'
import { bytes, count } from '../../rooms/figures.ts'
import { historyPath, inspectorPath, linkTo, roomPath } from '../../router.ts'
import { ActDialog } from '../../shell/act-dialog.tsx'
import { type Failure, failureOf } from '../../shell/failure.ts'
import { ago, exactly } from '../../times.ts'
import { act, ask, roomRoute } from '../api.ts'
import { ForAdministrators } from '../for-administrators.tsx'
import { ListState, SectionPage } from '../section-page.tsx'
import { type ReadPage, usePages } from '../use-pages.ts'

const LOOK_MS = 10_000
const keyOf = ({ name }: RoomSummary): string => name

/** Rooms that nobody may open, why, and what can be done. */
export function QuarantineView({ token }: { readonly token: TokenSource }) {
  const read = useCallback<ReadPage<RoomSummary>>(
    async (after, signal) => {
      const query = { health: 'quarantined', sort: 'changed', after, limit: '50' }
      const page = await ask<{ rooms: readonly RoomSummary[]; next: string | null }>(
        token,
        '/admin/rooms',
        query,
        signal,
      )
      return { items: page.rooms, next: page.next ?? undefined }
    },
    [token],
  )
  const { items, error, loadMore, reload } = usePages(read, keyOf, LOOK_MS)
  const [releasing, setReleasing] = useState<string>()
  if (error?.code === 'forbidden') return <ForAdministrators />
  return (
    <SectionPage
      title="Quarantine"
      says="Rooms that could not be opened. Nobody gets in, nothing of their logs is touched, and all other rooms go on."
    >
      <ListState
        items={items}
        error={error}
        retry={reload}
        loadMore={loadMore}
        safe="Rooms that are quarantined stay so, and their logs are as they were."
        loading="Loading the quarantined rooms"
        empty={
          <EmptyState
            py={48}
            icon={<IconShieldCheck />}
            title="No room is quarantined"
            description="A room that cannot be opened comes here by itself, so that it harms no other."
          />
        }
      >
        <ul className="rows" aria-label="Quarantined rooms">
          {items?.map((room) => (
            <li key={room.name} className="quarantined">
              <Quarantined token={token} room={room} onRelease={setReleasing} />
            </li>
          ))}
        </ul>
      </ListState>
      <ActDialog
        opened={releasing !== undefined}
        title="Let people in again"
        button="Let people in"
        onAct={async () => {
          if (releasing !== undefined) await act(token, 'DELETE', `${roomRoute(releasing)}/quarantine`)
          reload()
        }}
        onUnsure={reload}
        onClose={() => setReleasing(undefined)}
      >
        <Text>
          The next person who opens <b>{releasing}</b> has the server try it again. Where it still cannot be
          opened it is back here, and nothing of it is lost. Do this once what was wrong is mended: after an
          update, or with more memory.
        </Text>
      </ActDialog>
    </SectionPage>
  )
}

interface Copy {
  readonly room: string
  readonly until: number
  readonly entries: number
}

type Copying =
  | { readonly step: 'idle' }
  | { readonly step: 'running' }
  | { readonly step: 'done'; readonly copy: Copy }
  | { readonly step: 'failed'; readonly failure: Failure }

interface QuarantinedProps {
  readonly token: TokenSource
  readonly room: RoomSummary
  readonly onRelease: (room: string) => void
}

function Quarantined({ token, room, onRelease }: QuarantinedProps) {
  const [copying, setCopying] = useState<Copying>({ step: 'idle' })
  const { name, title, reason, quarantinedAt, entries, logBytes } = room
  const copy = () => {
    setCopying({ step: 'running' })
    act<Copy>(token, 'POST', `${roomRoute(name)}/quarantine/copy`).then(
      (made) => setCopying({ step: 'done', copy: made }),
      (cause: unknown) => setCopying({ step: 'failed', failure: failureOf(cause) }),
    )
  }
  return (
    <>
      <div className="quarantined-room">
        <Text fw={600}>{titleOf(title)}</Text>
        <Text size="sm" c="dimmed" ff="monospace" className="quarantined-name">
          {name}
        </Text>
        <Text mt={6} className="quarantined-why">
          {reason ?? 'It cannot be opened'}
          {quarantinedAt === null ? null : (
            <Text span c="dimmed">
              ,{' '}
              <time dateTime={quarantinedAt} title={exactly(quarantinedAt)}>
                {ago(quarantinedAt)}
              </time>
            </Text>
          )}
        </Text>
        <Text size="sm" c="dimmed">
          {count(entries)} entries, {bytes(logBytes)} ·{' '}
          <a className="quarantined-link" {...linkTo(historyPath(name))}>
            History
          </a>{' '}
          ·{' '}
          <a className="quarantined-link" {...linkTo(inspectorPath(name))}>
            Entries
          </a>
        </Text>
      </div>
      <Group gap="sm" className="quarantined-actions">
        <Button variant="default" onClick={() => onRelease(name)}>
          Let people in again
        </Button>
        <Button loading={copying.step === 'running'} onClick={copy}>
          Open a copy up to the last good entry
        </Button>
      </Group>
      {copying.step === 'done' ? (
        <Alert
          role="status"
          color="green"
          className="quarantined-said"
          icon={<IconFileCheck />}
          title={`The copy has ${count(copying.copy.until)} of ${count(copying.copy.entries)} entries`}
        >
          <Text size="sm" mb="sm">
            {name} is as it was. What came after entry {count(copying.copy.until)} is in its log alone.
          </Text>
          <Button component="a" size="xs" {...linkTo(roomPath(copying.copy.room))}>
            Open {copying.copy.room}
          </Button>
        </Alert>
      ) : null}
      {copying.step === 'failed' ? (
        <Alert
          role="alert"
          color="orange"
          className="quarantined-said"
          icon={<IconAlertTriangle />}
          title={copying.failure.unsure ? 'Whether a copy was made is not known' : 'No copy was made'}
        >
          {copying.failure.why}. {name} is as it was.
          {copying.failure.unsure ? ' Asked for again, it is the same copy.' : ''}
        </Alert>
      ) : null}
    </>
  )
}
