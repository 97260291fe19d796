import './inspector.css'
import {
  ActionIcon,
  Button,
  Drawer,
  EmptyState,
  NativeSelect,
  Skeleton,
  Stack,
  Text,
  Title,
  Tooltip,
} from '@mantine/core'
import {
  IconAlertTriangle,
  IconArrowLeft,
  IconListDetails,
  IconLock,
  IconPlayerPause,
  IconPlayerPlay,
  IconSortAscending,
  IconSortDescending,
} from '@tabler/icons-react'
import { useCallback, useEffect, useState } from 'react'
import type { RequestError, TokenSource } from '../api.ts'
import { useWide } from '../history/use-wide.ts'
import { inspectorPath, linkTo, navigate, roomPath, useHash } from '../router.ts'
import { useKeys } from '../shell/use-keys.ts'
import type { RoomEntry } from './api.ts'
import { EntryDetail } from './entry-detail.tsx'
import { EntryList } from './entry-list.tsx'
import { useEntries } from './use-entries.ts'

interface InspectorViewProps {
  readonly room: string
  readonly token: TokenSource
}

/** What is committed in a room, edits and events, as it is committed. */
export function InspectorView({ room, token }: InspectorViewProps) {
  const [paused, setPaused] = useState(false)
  const [newestFirst, setNewestFirst] = useState(true)
  const [type, setType] = useState('')
  const [actor, setActor] = useState('')
  const { list, names, head, error, retry } = useEntries(token, room, paused)
  const wide = useWide()
  const chosen = seqOf(useHash())
  useEffect(() => {
    document.title = `Entries of ${room} · Syncline`
  }, [room])

  const choose = useCallback(
    (seq: number | undefined) =>
      navigate(inspectorPath(room) + (seq === undefined ? '' : `#${seq}`), { replace: true }),
    [room],
  )
  useKeys({ p: () => setPaused((before) => !before) })

  if (list === undefined) {
    return error === undefined ? <Opening /> : <Unreadable room={room} error={error} onRetry={retry} />
  }
  const shown = list.filter((entry) => isType(entry, type) && (actor === '' || entry.actor === actor))
  const detail =
    chosen === undefined ? null : <EntryDetail key={chosen} token={token} room={room} seq={chosen} />
  return (
    <div className="inspector">
      <div className="inspector-bar">
        <Back room={room} />
        <div className="inspector-title">
          <Title order={1} size="h4" lineClamp={1}>
            Entries
          </Title>
          <Text component="p" size="sm" c="dimmed" truncate>
            <span className="inspector-room">{room}</span> · {head.toLocaleString('en')} in all
          </Text>
        </div>
        <Tooltip label={paused ? 'Go on (P)' : 'Pause (P)'}>
          <ActionIcon
            variant={paused ? 'light' : 'subtle'}
            color={paused ? undefined : 'gray'}
            size={40}
            aria-label="Pause"
            aria-pressed={paused}
            onClick={() => setPaused(!paused)}
          >
            {paused ? <IconPlayerPlay size={20} stroke={1.7} /> : <IconPlayerPause size={20} stroke={1.7} />}
          </ActionIcon>
        </Tooltip>
        <Tooltip label={newestFirst ? 'Newest last' : 'Newest first'}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={40}
            aria-label={newestFirst ? 'Newest last' : 'Newest first'}
            onClick={() => setNewestFirst(!newestFirst)}
          >
            {newestFirst ? (
              <IconSortDescending size={20} stroke={1.7} />
            ) : (
              <IconSortAscending size={20} stroke={1.7} />
            )}
          </ActionIcon>
        </Tooltip>
      </div>
      <div className="inspector-filter">
        <NativeSelect
          className="inspector-select"
          aria-label="Type"
          value={type}
          onChange={(event) => setType(event.currentTarget.value)}
          data={[
            { value: '', label: 'Edits and events' },
            { value: EDITS, label: 'Edits' },
            { value: EVENTS, label: 'Events' },
            ...typesOf(list).map((value) => ({ value, label: value })),
          ]}
        />
        <NativeSelect
          className="inspector-select"
          aria-label="Actor"
          value={actor}
          onChange={(event) => setActor(event.currentTarget.value)}
          data={[
            { value: '', label: 'Everybody' },
            ...actorsOf(list).map((value) => ({ value, label: nameOf(names, value) })),
          ]}
        />
        <Text component="output" size="sm" c="dimmed" aria-live="off">
          {paused ? 'Paused · ' : ''}
          {shown.length === list.length
            ? `the newest ${list.length.toLocaleString('en')}`
            : `${shown.length.toLocaleString('en')} of the newest ${list.length.toLocaleString('en')}`}
        </Text>
      </div>
      {error === undefined ? null : (
        <div className="banner" role="status">
          <IconAlertTriangle size={18} stroke={1.7} style={{ flex: 'none' }} aria-hidden="true" />
          <span>{error.message}. What comes meanwhile is shown when it can be read.</span>
        </div>
      )}
      <div className="inspector-body">
        {shown.length === 0 ? (
          <None
            filtered={list.length > 0}
            onShowAll={() => {
              setType('')
              setActor('')
            }}
          />
        ) : (
          <EntryList
            entries={shown}
            newestFirst={newestFirst}
            nameOf={(id) => nameOf(names, id)}
            chosen={chosen}
            onChoose={choose}
          />
        )}
        {wide ? (
          <aside className="inspector-detail" aria-label="The chosen entry">
            {detail ?? (
              <Text p="md" size="sm" c="dimmed">
                Choose an entry to see what it carries.
              </Text>
            )}
          </aside>
        ) : (
          <Drawer
            opened={chosen !== undefined}
            onClose={() => choose(undefined)}
            position="bottom"
            size="75%"
            title={`Entry ${chosen ?? ''}`}
            padding={0}
            styles={{ header: { paddingInline: 16 } }}
          >
            {detail}
          </Drawer>
        )}
      </div>
    </div>
  )
}

const EDITS = ' edits'
const EVENTS = ' events'

const isType = (entry: RoomEntry, type: string): boolean =>
  type === '' ||
  (type === EDITS ? entry.type === null : type === EVENTS ? entry.type !== null : entry.type === type)

const typesOf = (entries: readonly RoomEntry[]): readonly string[] =>
  [...new Set(entries.flatMap(({ type }) => type ?? []))].sort()

const actorsOf = (entries: readonly RoomEntry[]): readonly string[] =>
  [...new Set(entries.map(({ actor }) => actor))].sort()

/** The actor of entries that retention has merged has no name. */
const nameOf = (names: Readonly<Record<string, string>>, id: string): string =>
  id === '' ? 'Several people' : (names[id] ?? id)

const seqOf = (hash: string): number | undefined => {
  const seq = /^#(\d{1,15})$/.exec(hash)?.[1]
  return seq === undefined ? undefined : Number(seq)
}

function Back({ room }: { readonly room: string }) {
  const label = room.startsWith('build:') ? 'Back to the build' : 'Back to the document'
  return (
    <Tooltip label={label}>
      <ActionIcon
        component="a"
        variant="subtle"
        color="gray"
        size={40}
        aria-label={label}
        {...linkTo(roomPath(room))}
      >
        <IconArrowLeft size={20} stroke={1.7} />
      </ActionIcon>
    </Tooltip>
  )
}

function None({ filtered, onShowAll }: { readonly filtered: boolean; readonly onShowAll: () => void }) {
  if (!filtered) {
    return (
      <EmptyState
        className="inspector-none"
        py={64}
        px="md"
        icon={<IconListDetails />}
        title="Nothing has happened yet"
        description="Each edit and each event of this room is listed here as soon as it is committed."
      />
    )
  }
  return (
    <EmptyState
      className="inspector-none"
      py={64}
      px="md"
      icon={<IconListDetails />}
      title="No entry is like that"
      description="The filter hides all that there are."
    >
      <EmptyState.Actions>
        <Button variant="default" onClick={onShowAll}>
          Show all
        </Button>
      </EmptyState.Actions>
    </EmptyState>
  )
}

interface UnreadableProps {
  readonly room: string
  readonly error: RequestError
  readonly onRetry: () => void
}

function Unreadable({ room, error, onRetry }: UnreadableProps) {
  const forbidden = error.code === 'forbidden'
  return (
    <EmptyState
      py={80}
      px="md"
      icon={forbidden ? <IconLock /> : <IconAlertTriangle />}
      title={forbidden ? 'The entries are for those who may write here' : error.message}
      description={
        forbidden
          ? 'Who did how much, and when, is a part of the past.'
          : 'Nothing is lost by it: what is committed stays so.'
      }
    >
      <EmptyState.Actions>
        <Button component="a" variant={forbidden ? 'filled' : 'default'} {...linkTo(roomPath(room))}>
          Open the room
        </Button>
        {forbidden ? null : <Button onClick={onRetry}>Try again</Button>}
      </EmptyState.Actions>
    </EmptyState>
  )
}

function Opening() {
  return (
    <Stack p="lg" gap="sm" role="status" aria-label="Reading the entries">
      <Skeleton height={28} width="30%" />
      {[0, 1, 2, 3, 4, 5].map((row) => (
        <Skeleton key={row} height={28} />
      ))}
    </Stack>
  )
}
