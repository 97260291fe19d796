import { Button, EmptyState, Group, SegmentedControl, Stack } from '@mantine/core'
import { IconBellOff, IconChecks, IconSettings } from '@tabler/icons-react'
import { useEffect, useMemo, useState } from 'react'
import { useNotifications } from '../../react/index.ts'
import { groupNotifications, type InboxFilter } from '../../sdk/index.ts'
import { linkTo, PREFERENCES } from '../router.ts'
import { LoadingRows } from '../shell/loading-rows.tsx'
import { ReadFailure } from '../shell/read-failure.tsx'
import { NotificationGroupRow } from './notification-row.tsx'
import { hideToasts } from './use-toasts.ts'

const FILTERS: readonly { readonly value: InboxFilter; readonly label: string; readonly nothing: string }[] =
  [
    { value: 'kept', label: 'All', nothing: 'What people and builds have to tell you comes here.' },
    { value: 'unread', label: 'Unread', nothing: 'You have read all that there is.' },
    { value: 'archived', label: 'Archived', nothing: 'What you put away is kept here.' },
  ]

interface InboxPanelProps {
  /** Called when a notification was followed to a page of the studio, which may be the one that is shown. */
  readonly onFollow?: () => void
}

/** What one is told: newest first, what belongs together as one. */
export function InboxPanel({ onFollow }: InboxPanelProps) {
  const [filter, setFilter] = useState<InboxFilter>('kept')
  const { inbox, notifications, names, unread, loaded, refusal, complete, loading } = useNotifications(filter)
  const groups = useMemo(() => groupNotifications(notifications), [notifications])
  const newest = notifications[0]?.seq
  useEffect(() => {
    if (newest !== undefined && filter !== 'archived') inbox.markSeen()
    hideToasts(inbox.getState().notifications)
  }, [inbox, newest, filter])
  return (
    <Stack gap="sm">
      <SegmentedControl
        fullWidth
        aria-label="Which notifications"
        data={FILTERS.map(({ value, label }) => ({ value, label }))}
        value={filter}
        onChange={(value) => setFilter(FILTERS.find((one) => one.value === value)?.value ?? 'kept')}
      />
      <Group justify="space-between" gap="xs">
        <Button
          size="xs"
          variant="default"
          leftSection={<IconChecks size={16} />}
          disabled={unread === 0}
          onClick={() => inbox.markAllRead()}
        >
          Mark all read
        </Button>
        <Button
          size="xs"
          variant="subtle"
          component="a"
          leftSection={<IconSettings size={16} />}
          {...linkTo(PREFERENCES)}
        >
          Preferences
        </Button>
      </Group>
      {refusal === undefined ? null : (
        <ReadFailure
          title={loaded ? 'This may be out of date' : 'Your notifications cannot be read'}
          says={`${refusal.message}. None of them is lost.`}
          retry={inbox.reload}
        />
      )}
      {!loaded && refusal === undefined ? (
        <LoadingRows label="Loading your notifications" height={64} rows={3} />
      ) : null}
      {loaded && groups.length === 0 ? (
        <EmptyState
          py={40}
          icon={<IconBellOff />}
          title="Nothing here"
          description={FILTERS.find(({ value }) => value === filter)?.nothing ?? ''}
        />
      ) : null}
      {groups.length === 0 ? null : (
        <ul className="notes" aria-label="Notifications">
          {groups.map((group) => (
            <NotificationGroupRow
              key={group.key}
              group={group}
              names={names}
              inbox={inbox}
              onFollow={onFollow}
            />
          ))}
        </ul>
      )}
      {complete || !loaded ? null : (
        <Button variant="default" onClick={inbox.loadMore} loading={loading}>
          Show older ones
        </Button>
      )}
    </Stack>
  )
}
