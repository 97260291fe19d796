import { Button, EmptyState, Skeleton, Stack } from '@mantine/core'
import { IconAlertTriangle, IconCloudOff, IconFileOff, IconLock } from '@tabler/icons-react'
import { useEffect, useMemo, useState } from 'react'
import type { RequestError, TokenSource } from '../api.ts'
import { titleOf } from '../documents/document-row.tsx'
import { documentPath, linkTo } from '../router.ts'
import { HistoryApi, type Session } from './api.ts'
import { usePastComments } from './comments/use-past-comments.ts'
import { type HistoryContextValue, HistoryProvider } from './context.ts'
import { HistoryLayout } from './history-layout.tsx'
import { usePlace } from './position.ts'
import { EVERYTHING, toFilter } from './timeline-filter.tsx'
import { usePast } from './use-past.ts'
import { useTimeline } from './use-timeline.ts'
import { useWriters } from './use-writers.ts'

interface HistoryViewProps {
  readonly room: string
  /** As the list of documents has it, if it does. */
  readonly title: string | undefined
  readonly token: TokenSource
}

/** A room's past: the timeline at the left, what it held in the middle, the player below, a panel at the right. */
export function HistoryView({ room, title: listed, token }: HistoryViewProps) {
  const api = useMemo(() => new HistoryApi(room, token), [room, token])
  const place = usePlace(room)
  const [choice, setChoice] = useState(EVERYTHING)
  const filter = useMemo(() => toFilter(choice, Date.now()), [choice])
  const timeline = useTimeline(api, filter)
  const { head, reload, error, sessions } = timeline
  const past = usePast(api, place, head)
  const actors = useMemo(() => actorsOf(sessions ?? []), [sessions])
  const { writers, nameOf, colorOf } = useWriters(api, actors)

  const title = titleOf(listed ?? past.shown?.title)
  useEffect(() => {
    document.title = `History of ${title} · Syncline`
  }, [title])

  const { position, panel, show, openPanel } = place
  const comments = usePastComments(api, head, panel === 'comments' && !past.playing ? past.seq : undefined)
  const context = useMemo<HistoryContextValue>(
    () => ({
      position,
      panel,
      show,
      openPanel,
      room,
      api,
      head,
      reload,
      seq: past.seq,
      nameOf,
      colorOf,
      comments,
    }),
    [position, panel, show, openPanel, room, api, head, reload, past.seq, nameOf, colorOf, comments],
  )
  // A filter that is being changed is no reason to take away what is read.
  if (sessions === undefined && past.shown === undefined) {
    if (error !== undefined) return <Unreadable room={room} error={error} onRetry={reload} />
    if (past.error === undefined && position.kind !== 'compare') return <Opening />
  }
  return (
    <HistoryProvider value={context}>
      <HistoryLayout
        title={title}
        past={past}
        timeline={timeline}
        writers={writers}
        choice={choice}
        onChoice={setChoice}
      />
    </HistoryProvider>
  )
}

interface UnreadableProps {
  readonly room: string
  readonly error: RequestError
  readonly onRetry: () => void
}

/** Why there is nothing to show, and what to do. */
function Unreadable({ room, error, onRetry }: UnreadableProps) {
  const forbidden = error.code === 'forbidden'
  const absent = error.code === 'room-not-found' || error.code === 'room-deleted'
  const { icon, title, description } = forbidden
    ? {
        icon: <IconLock />,
        title: 'The past is for those who may write here',
        description: 'What was deleted may have been deleted for a reason. Ask whoever shares this document.',
      }
    : error.code === 'unreachable'
      ? {
          icon: <IconCloudOff />,
          title: 'The server cannot be reached',
          description: 'The past is kept on the server, and nothing of it is lost.',
        }
      : absent
        ? {
            icon: <IconFileOff />,
            title: error.code === 'room-deleted' ? 'This room was deleted' : 'There is no such room',
            description: 'There is no past to show.',
          }
        : {
            icon: <IconAlertTriangle />,
            title: 'The past cannot be read',
            description: `${error.message}. Nothing of it is lost.`,
          }
  return (
    <EmptyState py={80} px="md" icon={icon} title={title} description={description}>
      <EmptyState.Actions>
        {forbidden || absent ? null : <Button onClick={onRetry}>Try again</Button>}
        {absent ? (
          <Button component="a" {...linkTo('/')}>
            Go to documents
          </Button>
        ) : (
          <Button component="a" variant={forbidden ? 'filled' : 'default'} {...linkTo(documentPath(room))}>
            Open the document
          </Button>
        )}
      </EmptyState.Actions>
    </EmptyState>
  )
}

function Opening() {
  return (
    <Stack p="lg" gap="md" role="status" aria-label="Opening the history">
      <Skeleton height={28} width="30%" />
      {[0, 1, 2, 3, 4].map((row) => (
        <Skeleton key={row} height={64} maw={320} />
      ))}
    </Stack>
  )
}

const actorsOf = (sessions: readonly Session[]): readonly string[] =>
  [...new Set(sessions.flatMap(({ people }) => people.map(({ id }) => id)))].sort()
