import './activity.css'
import { Anchor, Button, EmptyState, Group, Stack, Text, Title } from '@mantine/core'
import { IconActivity, IconFilterOff, IconFolderPlus } from '@tabler/icons-react'
import { type RefObject, useEffect, useMemo, useState } from 'react'
import { useActivity, useActivitySummary, useRoom, useRoomState } from '../../react/index.ts'
import type { ActivityGroup } from '../../sdk/index.ts'
import type { DocumentSummary } from '../api.ts'
import { ACTIVITY, linkTo } from '../router.ts'
import { LoadingRows } from '../shell/loading-rows.tsx'
import { ReadFailure } from '../shell/read-failure.tsx'
import { filterOf, PERIODS, useChoice } from './choice.ts'
import { FilterBar } from './filter-bar.tsx'
import { GroupRow } from './group-row.tsx'
import { RoomsDialog } from './rooms-dialog.tsx'
import { SummaryPanel } from './summary-panel.tsx'
import { useProjectTitle } from './use-project-title.ts'
import { dayWords, roomWords } from './words.ts'

interface ActivityViewProps {
  readonly project: string
  readonly documents: readonly DocumentSummary[] | undefined
  readonly searchRef: RefObject<HTMLInputElement | null>
}

/** Everything that happens in one project, newest first. */
export function ActivityView({ project, documents, searchRef }: ActivityViewProps) {
  const { choice, change } = useChoice(project)
  const filter = useMemo(() => filterOf(choice, Date.now()), [choice])
  const { items, groups, hasMore, loading, error, loadMore, reload } = useActivity(project, filter)
  // Of all time it would be much to count, for what hardly changes.
  const recent = useMemo(
    () => (choice.period === 'ever' ? filterOf({ ...choice, period: 'month' }, Date.now()) : filter),
    [choice, filter],
  )
  const { summary: people = [] } = useActivitySummary(project, { by: 'person', limit: 100 })
  const room = useRoom(`project:${project}`)
  const { readOnly } = useRoomState(room)
  const title = useProjectTitle(room)
  const [adding, setAdding] = useState(false)
  useEffect(() => {
    document.title = `Activity of ${title} · Syncline`
  }, [title])
  const chosen = Object.keys(filter).length > 0
  const newest = items?.[0]
  return (
    <div className="project-activity">
      <Stack gap="md" className="activity-main">
        <Group justify="space-between" align="flex-end" gap="sm">
          <Stack gap={2} miw={0}>
            <Anchor size="sm" {...linkTo(ACTIVITY)}>
              All projects
            </Anchor>
            <Title order={1} size="h2" className="activity-title">
              {title}
            </Title>
          </Stack>
          {readOnly ? null : (
            <Button
              variant="default"
              leftSection={<IconFolderPlus size={18} />}
              onClick={() => setAdding(true)}
            >
              Add documents
            </Button>
          )}
        </Group>
        <FilterBar choice={choice} people={people} onChange={change} searchRef={searchRef} />
        {choice.room === '' ? null : (
          <Group gap="xs">
            <Text size="sm">
              Only <strong>{roomWords(choice.room, newest?.title ?? null)}</strong>
            </Text>
            <Button size="compact-xs" variant="default" onClick={() => change({ room: '' })}>
              All rooms
            </Button>
          </Group>
        )}
        {error === undefined ? null : (
          <ReadFailure
            title={items === undefined ? 'The activity cannot be read' : 'There may be newer activity'}
            says={`${error.message}. Nothing is lost: the work itself goes on.`}
            retry={reload}
          />
        )}
        {items === undefined && error === undefined ? (
          <LoadingRows label="Loading the activity" height={48} rows={5} />
        ) : null}
        {items?.length === 0 && !chosen ? (
          <EmptyState
            py={48}
            icon={<IconActivity />}
            title="Nothing has happened yet"
            description="What people do in this project’s documents, builds, tasks and comments is told here as it happens."
          >
            {readOnly ? null : (
              <EmptyState.Actions>
                <Button onClick={() => setAdding(true)}>Add documents</Button>
              </EmptyState.Actions>
            )}
          </EmptyState>
        ) : null}
        {items?.length === 0 && chosen ? (
          <EmptyState
            py={48}
            icon={<IconFilterOff />}
            title="Nothing of this kind"
            description="Nothing here is as chosen."
          >
            <EmptyState.Actions>
              <Button
                variant="default"
                onClick={() => change({ person: '', sort: '', period: 'ever', room: '', q: '' })}
              >
                Show everything
              </Button>
            </EmptyState.Actions>
          </EmptyState>
        ) : null}
        {daysOf(groups).map(({ day, shown }) => (
          <section key={day} aria-label={dayWords(day)}>
            <Title order={2} size="h6" className="activity-day">
              {dayWords(day)}
            </Title>
            <ul className="activity-groups">
              {shown.map((group) => (
                <GroupRow key={group.key} group={group} />
              ))}
            </ul>
          </section>
        ))}
        {hasMore ? (
          <Button variant="default" onClick={loadMore} loading={loading} className="activity-more">
            Show more
          </Button>
        ) : null}
      </Stack>
      <aside className="activity-aside">
        <SummaryPanel
          project={project}
          filter={recent}
          period={PERIODS[choice.period === 'ever' ? 'month' : choice.period]}
          version={newest?.id}
          person={choice.person}
          room={choice.room}
          onPerson={(person) => change({ person })}
          onRoom={(room) => change({ room })}
        />
      </aside>
      <RoomsDialog
        project={project}
        documents={documents}
        opened={adding}
        onClose={() => setAdding(false)}
        onAdded={reload}
      />
    </div>
  )
}

interface Day {
  readonly day: string
  readonly shown: readonly ActivityGroup[]
}

const daysOf = (groups: readonly ActivityGroup[]): readonly Day[] =>
  [...Map.groupBy(groups, ({ day }) => day)].map(([day, shown]) => ({ day, shown }))
