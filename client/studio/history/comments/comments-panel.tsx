import '../../comments/comments.css'
import { Button, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useMemo } from 'react'
import type { Thread } from '../../../sdk/index.ts'
import { CommentPeopleProvider } from '../../comments/people.tsx'
import { ThreadCard } from '../../comments/thread-card.tsx'
import { useHistory } from '../context.ts'

/** What had been said at the chosen position, in the order of the text. It can only be read. */
export function CommentsPanel() {
  const { comments, nameOf } = useHistory()
  const { threads, places, error, retry } = comments
  const people = useMemo(() => ({ self: '', nameOf, known: [] }), [nameOf])
  const startOf = ({ id }: Thread): number => {
    const place = places.get(id)
    return place?.status === 'found' ? place.start : Number.POSITIVE_INFINITY
  }
  const sorted = [...(threads ?? [])].sort((a, b) => startOf(a) - startOf(b))
  const open = sorted.filter(({ resolved }) => resolved === undefined)
  return (
    <CommentPeopleProvider value={people}>
      <Stack gap="md" p="md">
        <Title order={2} size="h4" className="panel-title">
          Comments then
        </Title>
        {error !== undefined ? (
          <Stack gap="sm" align="flex-start" role="alert">
            <Text>{error.message}. Nothing of it is lost.</Text>
            <Button size="xs" variant="default" onClick={retry}>
              Try again
            </Button>
          </Stack>
        ) : threads === undefined ? (
          <Stack gap="sm" role="status" aria-label="Loading the comments">
            <Skeleton height={64} />
            <Skeleton height={64} />
          </Stack>
        ) : threads.length === 0 ? (
          <Text c="dimmed">Nobody had commented by then.</Text>
        ) : (
          <>
            <Threads label="Open" threads={open.filter((thread) => !isGone(thread, comments.places))} />
            <Threads
              label="Their text was gone"
              threads={open.filter((thread) => isGone(thread, comments.places))}
            />
            <Threads label="Resolved" threads={sorted.filter(({ resolved }) => resolved !== undefined)} />
          </>
        )}
      </Stack>
    </CommentPeopleProvider>
  )
}

const isGone = ({ id }: Thread, places: ReadonlyMap<string, { readonly status: string }>): boolean =>
  places.get(id)?.status === 'gone'

function Threads({ label, threads }: { readonly label: string; readonly threads: readonly Thread[] }) {
  const { active, setActive, places } = useHistory().comments
  if (threads.length === 0) return null
  return (
    <section aria-label={label} className="comments-section">
      <Text component="h3" size="xs" fw={600} c="dimmed">
        {label}
      </Text>
      {threads.map((thread) => (
        <ThreadCard
          key={thread.id}
          thread={thread}
          threads={undefined}
          unsent={NOTHING}
          active={active === thread.id}
          gone={isGone(thread, places)}
          onActivate={setActive}
        />
      ))}
    </section>
  )
}

const NOTHING = new Map()
