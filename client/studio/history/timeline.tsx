import './timeline.css'
import { Avatar, Button, EmptyState, Text, UnstyledButton } from '@mantine/core'
import { IconFilterOff, IconFlag, IconHistory, IconPinned, IconRestore } from '@tabler/icons-react'
import { useEffect, useMemo, useRef, useState } from 'react'
import { KnownAvatar } from '../shell/person-avatar.tsx'
import { useKeys } from '../shell/use-keys.ts'
import type { Session, Version } from './api.ts'
import { ChangeCount } from './change-count.tsx'
import { useHistory } from './context.ts'
import { offsetsOf, type Row, rowsOf } from './rows.ts'
import type { Timeline as TimelineState } from './use-timeline.ts'
import { useWindow } from './use-window.ts'
import { VersionMenu } from './version-menu.tsx'

interface TimelineProps {
  readonly timeline: TimelineState
  readonly filtered: boolean
  readonly onClearFilter: () => void
  /** After something was chosen. */
  readonly onChosen: () => void
}

/** Pixels from the end at which the next page is read. */
const AHEAD = 1200

/** Who was at work when, newest first, day by day. Only what is seen is drawn, so its length costs nothing. */
export function Timeline({ timeline, filtered, onClearFilter, onChosen }: TimelineProps) {
  const { seq, position, show } = useHistory()
  const { sessions = [], more, loadMore } = timeline
  const rows = useMemo(() => rowsOf(sessions, Date.now()), [sessions])
  const offsets = useMemo(() => offsetsOf(rows), [rows])
  const host = useRef<HTMLDivElement>(null)
  const { first, end, reveal } = useWindow(host, offsets)
  const goingTo = useRef<string>(undefined)
  const [focused, setFocused] = useState<string>()
  const total = offsets.at(-1) ?? 0

  useEffect(() => {
    if (more && (offsets[end] ?? total) > total - AHEAD) loadMore()
  }, [more, end, offsets, total, loadMore])

  const places = useMemo(() => rows.flatMap((row, at) => (row.kind === 'day' ? [] : [at])), [rows])
  const current = currentRow(rows, seq)
  const following = position.kind === 'at' ? rows[current]?.key : undefined
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another session moves the list
  useEffect(() => {
    if (following !== undefined) reveal(current)
  }, [following])

  const move = (by: 1 | -1) => {
    const from = rows.findIndex(({ key }) => key === focused)
    const place = places.indexOf(from === -1 ? current : from)
    const next = places[place === -1 ? 0 : Math.min(places.length - 1, Math.max(0, place + by))]
    const row = next === undefined ? undefined : rows[next]
    if (next === undefined || row === undefined) return
    reveal(next)
    goingTo.current = row.key
    setFocused(row.key)
  }
  useKeys({ j: () => move(1), k: () => move(-1) })

  // The row that was gone to may be drawn only once it is scrolled to.
  useEffect(() => {
    if (goingTo.current === undefined) return
    const button = host.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(goingTo.current)}"]`)
    if (button === null || button === undefined) return
    goingTo.current = undefined
    button.focus({ preventScroll: true })
  })

  if (sessions.length === 0) return <Empty filtered={filtered} onClearFilter={onClearFilter} />

  const choose = (at: number) => {
    show({ kind: 'at', at: String(at) })
    onChosen()
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section className="timeline" ref={host} tabIndex={0} aria-label="Sessions, newest first">
      <ul className="timeline-rows" style={{ height: total }}>
        {rows.slice(first, end).map((row, index) => {
          const at = first + index
          return (
            <li
              key={row.key}
              className={`timeline-row timeline-${row.kind}`}
              style={{ top: offsets[at], height: (offsets[at + 1] ?? 0) - (offsets[at] ?? 0) }}
              aria-setsize={more ? -1 : rows.length}
              aria-posinset={at + 1}
              onFocus={() => setFocused(row.key)}
            >
              <RowContent row={row} current={at === current} onChoose={choose} />
            </li>
          )
        })}
      </ul>
    </section>
  )
}

/** The session that a position is in; at its end that is where it belongs, and nowhere else. */
const currentRow = (rows: readonly Row[], seq: number | undefined): number =>
  seq === undefined
    ? -1
    : rows.findIndex(
        (row) => row.kind === 'session' && seq >= row.session.firstSeq && seq <= row.session.lastSeq,
      )

interface RowContentProps {
  readonly row: Row
  readonly current: boolean
  readonly onChoose: (seq: number) => void
}

function RowContent({ row, current, onChoose }: RowContentProps) {
  switch (row.kind) {
    case 'day':
      return (
        <Text component="h2" size="sm" fw={600}>
          {row.label}
        </Text>
      )
    case 'session':
      return <SessionRow id={row.key} session={row.session} current={current} onChoose={onChoose} />
    case 'version':
      return <VersionRow id={row.key} version={row.version} onChoose={onChoose} />
  }
}

const clock = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const SHOWN = 3

interface SessionRowProps {
  readonly id: string
  readonly session: Session
  readonly current: boolean
  readonly onChoose: (seq: number) => void
}

function SessionRow({ id, session, current, onChoose }: SessionRowProps) {
  const { nameOf } = useHistory()
  const { people, startedAt, endedAt, inserted, deleted, after } = session
  const names = namesOf(people.map((person) => nameOf(person.id)))
  const [start, end] = [clock.format(Date.parse(startedAt)), clock.format(Date.parse(endedAt))]
  return (
    <UnstyledButton
      data-row={id}
      className="timeline-button"
      aria-current={current ? 'true' : undefined}
      onClick={() => onChoose(after)}
    >
      <People session={session} />
      <span className="timeline-text">
        <Text component="span" size="sm" fw={500} truncate display="block" title={names}>
          {names}
        </Text>
        <span className="timeline-detail">
          <Text component="time" size="sm" c="dimmed" dateTime={startedAt}>
            {start === end ? start : `${start} – ${end}`}
          </Text>
          <ChangeCount inserted={inserted} deleted={deleted} />
        </span>
      </span>
    </UnstyledButton>
  )
}

function People({ session: { people } }: { readonly session: Session }) {
  const { nameOf, colorOf } = useHistory()
  const shown = people.length > SHOWN ? people.slice(0, SHOWN - 1) : people
  return (
    <Avatar.Group spacing={6} className="timeline-people" aria-hidden="true">
      {shown.map(({ id }) => (
        <KnownAvatar key={id} id={id} name={nameOf(id)} color={colorOf(id)} size={26} />
      ))}
      {people.length > shown.length ? (
        <Avatar size={26} radius="xl" alt="">
          +{people.length - shown.length}
        </Avatar>
      ) : null}
    </Avatar.Group>
  )
}

const listed = new Intl.ListFormat('en', { type: 'conjunction' })

const namesOf = (names: readonly string[]): string =>
  names.length > SHOWN
    ? listed.format([...names.slice(0, SHOWN - 1), `${names.length - SHOWN + 1} more`])
    : listed.format(names)

const REASONS = { idle: 'At a pause', size: 'Kept', restore: 'Around a restore', import: 'Imported' } as const

interface VersionRowProps {
  readonly id: string
  readonly version: Version
  readonly onChoose: (seq: number) => void
}

function VersionRow({ id, version, onChoose }: VersionRowProps) {
  const { seq } = useHistory()
  const { title, reason, pinned, description } = version
  const Icon = reason === null ? IconFlag : IconRestore
  const label = title ?? REASONS[reason ?? 'idle']
  return (
    <>
      <UnstyledButton
        data-row={id}
        className="timeline-button timeline-named"
        aria-current={seq === version.seq ? 'true' : undefined}
        title={description ?? undefined}
        onClick={() => onChoose(version.seq)}
      >
        <Icon size={18} stroke={1.7} className="timeline-icon" aria-hidden="true" />
        <Text component="span" size="sm" fw={title === null ? 400 : 600} truncate>
          {label}
        </Text>
        {pinned ? <IconPinned size={16} stroke={1.7} className="timeline-icon" aria-label="Pinned" /> : null}
      </UnstyledButton>
      {version.mayChange ? <VersionMenu version={version} label={label} /> : null}
    </>
  )
}

function Empty({ filtered, onClearFilter }: Pick<TimelineProps, 'filtered' | 'onClearFilter'>) {
  if (!filtered) {
    return (
      <EmptyState
        py={48}
        px="md"
        icon={<IconHistory />}
        title="Nothing has happened yet"
        description="As soon as somebody writes here, it is in this list."
      />
    )
  }
  return (
    <EmptyState
      py={48}
      px="md"
      icon={<IconFilterOff />}
      title="No session is like that"
      description="The filter hides everything that happened."
    >
      <EmptyState.Actions>
        <Button variant="default" onClick={onClearFilter}>
          Show everything
        </Button>
      </EmptyState.Actions>
    </EmptyState>
  )
}
