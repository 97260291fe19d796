import { ActionIcon, SegmentedControl, Text, Title, Tooltip } from '@mantine/core'
import { IconArrowLeft, IconListDetails } from '@tabler/icons-react'
import { type BuildState, colorFor, type Room, type RoomState } from '../../sdk/index.ts'
import type { TokenSource } from '../api.ts'
import { BUILDS, inspectorPath, linkTo } from '../router.ts'
import { KnownAvatar } from '../shell/person-avatar.tsx'
import { ago, exactly } from '../times.ts'
import { StatusBadge } from './signs.tsx'
import { useNameOf } from './use-name-of.ts'

/** Where there is room for one of them only. */
export type BuildPart = 'log' | 'steps'

interface BuildBarProps {
  readonly room: Room
  readonly state: RoomState
  readonly build: BuildState
  readonly title: string
  readonly token: TokenSource
  readonly part: BuildPart
  readonly onPart: (part: BuildPart) => void
}

export function BuildBar({ room, state, build, title, token, part, onPart }: BuildBarProps) {
  return (
    <div className="build-bar">
      <Tooltip label="All builds">
        <ActionIcon
          component="a"
          variant="subtle"
          color="gray"
          size={40}
          aria-label="All builds"
          {...linkTo(BUILDS)}
        >
          <IconArrowLeft size={20} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
      <div className="build-title">
        <Title order={1} size="h4" lineClamp={1}>
          {title}
        </Title>
        <Origin room={room} build={build} token={token} />
      </div>
      <StatusBadge status={build.status} />
      <SegmentedControl
        className="build-parts"
        size="sm"
        aria-label="What is shown"
        value={part}
        onChange={(value) => onPart(value === 'steps' ? 'steps' : 'log')}
        data={[
          { value: 'log', label: 'Log' },
          { value: 'steps', label: 'Steps' },
        ]}
      />
      {state.readOnly ? null : (
        <Tooltip label="Entries of this room">
          <ActionIcon
            component="a"
            variant="subtle"
            color="gray"
            size={40}
            aria-label="Entries of this room"
            {...linkTo(inspectorPath(room.name))}
          >
            <IconListDetails size={20} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      )}
    </div>
  )
}

/** “Ada · 3 minutes ago · main · 4f2a91c” */
function Origin({ room, build, token }: Pick<BuildBarProps, 'room' | 'build' | 'token'>) {
  const { actor, created, createdAt, startedAt } = build
  const name = useNameOf(room, actor, token)
  const at = startedAt ?? createdAt
  const when = at === undefined ? undefined : new Date(at).toISOString()
  return (
    <Text component="div" size="sm" c="dimmed" className="build-origin">
      {actor === undefined ? null : (
        <span className="build-actor" title={`Started by ${name}`}>
          <KnownAvatar id={actor} name={name} color={colorFor(actor)} size={20} />
          {name}
        </span>
      )}
      {when === undefined ? null : (
        <time dateTime={when} title={exactly(when)}>
          {ago(when)}
        </time>
      )}
      {created?.ref === undefined ? null : <span className="build-ref">{created.ref}</span>}
      {created?.revision === undefined ? null : (
        <span className="build-ref build-revision">{created.revision.slice(0, 8)}</span>
      )}
    </Text>
  )
}
