import './rooms.css'
import {
  ActionIcon,
  Button,
  EmptyState,
  Group,
  NativeSelect,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import {
  IconDatabase,
  IconLock,
  IconSearch,
  IconSortAscending,
  IconSortDescending,
} from '@tabler/icons-react'
import { type RefObject, useEffect, useMemo, useState } from 'react'
import type { TokenSource } from '../api.ts'
import { EmptyPage } from '../shell/empty-page.tsx'
import { LoadingRows } from '../shell/loading-rows.tsx'
import { ReadFailure } from '../shell/read-failure.tsx'
import { HEALTHS, type Health, type RoomSort, type RoomSummary, type RoomsQuery } from './api.ts'
import { DeleteDialog } from './delete-dialog.tsx'
import { RetentionDialog } from './retention-dialog.tsx'
import { HEALTH_WORDS, RoomsTable, SORTS } from './rooms-table.tsx'
import { useRooms } from './use-rooms.ts'

interface RoomsViewProps {
  readonly token: TokenSource
  readonly searchRef: RefObject<HTMLInputElement | null>
}

const TYPING_MS = 250

/** Every room that one administers: what it weighs, who is in it, and whether it is well. */
export function RoomsView({ token, searchRef }: RoomsViewProps) {
  const [typed, setTyped] = useState('')
  const [search] = useDebouncedValue(typed.trim(), TYPING_MS)
  const [health, setHealth] = useState<Health>()
  const [sort, setSort] = useState<RoomSort>('changed')
  const [order, setOrder] = useState<'asc' | 'desc'>('desc')
  const query = useMemo<RoomsQuery>(() => ({ search, health, sort, order }), [search, health, sort, order])
  const { rooms, error, loadMore, reload } = useRooms(token, query)
  const [deleting, setDeleting] = useState<RoomSummary>()
  const [retaining, setRetaining] = useState<RoomSummary>()

  useEffect(() => {
    document.title = 'Rooms · Syncline'
  }, [])

  const sortBy = (next: RoomSort) => {
    if (next === sort) setOrder(order === 'desc' ? 'asc' : 'desc')
    else {
      setSort(next)
      setOrder('desc')
    }
  }
  const filtered = search !== '' || health !== undefined
  const showAll = () => {
    setTyped('')
    setHealth(undefined)
  }
  if (error?.code === 'forbidden') {
    return (
      <EmptyPage
        icon={<IconLock />}
        title="This list is for administrators"
        description="Your token administers no room. Documents are where you left them."
      />
    )
  }
  return (
    <Stack className="page page-wide" gap="lg">
      <Stack gap={4}>
        <Title order={1} size="h2">
          Rooms
        </Title>
        <Text c="dimmed">What each room weighs, who wrote in it, and whether it is well.</Text>
      </Stack>
      <Group gap="sm" align="flex-end">
        <TextInput
          ref={searchRef}
          type="search"
          aria-label="Search rooms"
          placeholder="Search by name or title"
          className="rooms-search"
          leftSection={<IconSearch size={18} aria-hidden="true" />}
          value={typed}
          maxLength={200}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <NativeSelect
          aria-label="Health"
          value={health ?? ''}
          onChange={(event) => setHealth(HEALTHS.find((one) => one === event.currentTarget.value))}
          data={[
            { value: '', label: 'Any health' },
            ...HEALTHS.map((value) => ({ value, label: HEALTH_WORDS[value] })),
          ]}
        />
        <Group gap={4} wrap="nowrap" className="rooms-sort">
          <NativeSelect
            aria-label="Sort by"
            value={sort}
            onChange={(event) =>
              setSort(SORTS.find(({ id }) => id === event.currentTarget.value)?.id ?? 'changed')
            }
            data={SORTS.map(({ id, label }) => ({ value: id, label }))}
          />
          <ActionIcon
            variant="default"
            size={36}
            aria-label={order === 'desc' ? 'Most first' : 'Least first'}
            onClick={() => sortBy(sort)}
          >
            {order === 'desc' ? <IconSortDescending size={18} /> : <IconSortAscending size={18} />}
          </ActionIcon>
        </Group>
      </Group>
      {error === undefined ? null : (
        <ReadFailure
          title={rooms === undefined ? 'The list cannot be read' : 'This list may be out of date'}
          says={`${error.message}. The rooms themselves are not concerned.`}
          retry={reload}
        />
      )}
      {rooms === undefined && error === undefined ? (
        <LoadingRows label="Loading the rooms" height={52} />
      ) : null}
      {rooms?.length === 0 ? (
        <EmptyState
          py={48}
          icon={<IconDatabase />}
          {...(loadMore !== undefined
            ? { title: 'None so far', description: 'Many were looked at, and there are more to look at.' }
            : filtered
              ? {
                  title: 'No room is like this',
                  description: 'The search or the filter hides all that there are.',
                }
              : {
                  title: 'There is no room yet',
                  description: 'A room begins with the first document that somebody opens.',
                })}
        >
          {filtered ? (
            <EmptyState.Actions>
              <Button variant="default" onClick={showAll}>
                Show all
              </Button>
            </EmptyState.Actions>
          ) : null}
        </EmptyState>
      ) : null}
      {rooms === undefined || rooms.length === 0 ? null : (
        <RoomsTable
          rooms={rooms}
          sort={sort}
          order={order}
          onSort={sortBy}
          onDelete={setDeleting}
          onRetention={setRetaining}
        />
      )}
      {loadMore === undefined ? null : (
        <Button variant="default" onClick={loadMore} style={{ alignSelf: 'center' }}>
          Show more
        </Button>
      )}
      <DeleteDialog token={token} room={deleting} onClose={() => setDeleting(undefined)} onChanged={reload} />
      <RetentionDialog token={token} room={retaining} onClose={() => setRetaining(undefined)} />
    </Stack>
  )
}
