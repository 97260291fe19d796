import { ActionIcon, Avatar, Badge, Menu, Table, Text, UnstyledButton } from '@mantine/core'
import {
  IconAlertTriangle,
  IconCheck,
  IconDots,
  IconFile,
  IconHistory,
  IconListDetails,
  IconLock,
  IconScissors,
  IconSortAscending,
  IconSortDescending,
  IconTrash,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { colorFor } from '../../sdk/index.ts'
import { titleOf } from '../documents/document-row.tsx'
import { historyPath, inspectorPath, linkTo, roomPath } from '../router.ts'
import { KnownAvatar } from '../shell/person-avatar.tsx'
import { ago, exactly } from '../times.ts'
import type { Health, RoomSort, RoomSummary } from './api.ts'
import { bytes, count } from './figures.ts'

interface RoomsTableProps {
  readonly rooms: readonly RoomSummary[]
  readonly sort: RoomSort
  readonly order: 'asc' | 'desc'
  readonly onSort: (sort: RoomSort) => void
  readonly onDelete: (room: RoomSummary) => void
  readonly onRetention: (room: RoomSummary) => void
}

export const SORTS: readonly { readonly id: RoomSort; readonly label: string }[] = [
  { id: 'changed', label: 'Last change' },
  { id: 'entries', label: 'Entries' },
  { id: 'log', label: 'Log' },
  { id: 'state', label: 'State' },
  { id: 'bloat', label: 'Bloat' },
]

export const HEALTH_WORDS: Readonly<Record<Health, string>> = {
  ok: 'Well',
  damaged: 'Damaged',
  quarantined: 'Quarantined',
  deleted: 'Deleted',
}

/** Of people who wrote last. */
const AVATARS = 3

export function RoomsTable({ rooms, sort, order, onSort, onDelete, onRetention }: RoomsTableProps) {
  return (
    <Table className="rooms" verticalSpacing="sm" highlightOnHover aria-label="Rooms">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Room</Table.Th>
          <Table.Th>People</Table.Th>
          {SORTS.map(({ id, label }) => (
            <Table.Th
              key={id}
              aria-sort={id !== sort ? 'none' : order === 'desc' ? 'descending' : 'ascending'}
            >
              <UnstyledButton className="rooms-header" onClick={() => onSort(id)}>
                {label}
                {id !== sort ? null : order === 'desc' ? (
                  <IconSortDescending size={16} aria-hidden="true" />
                ) : (
                  <IconSortAscending size={16} aria-hidden="true" />
                )}
              </UnstyledButton>
            </Table.Th>
          ))}
          <Table.Th>Health</Table.Th>
          <Table.Th aria-label="Actions" />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rooms.map((room) => (
          <Row key={room.name} room={room} onDelete={onDelete} onRetention={onRetention} />
        ))}
      </Table.Tbody>
    </Table>
  )
}

type RowProps = { readonly room: RoomSummary } & Pick<RoomsTableProps, 'onDelete' | 'onRetention'>

function Row({ room, onDelete, onRetention }: RowProps) {
  const { name, title, entries, changedAt, logBytes, stateBytes, bloat, health } = room
  return (
    <Table.Tr>
      <Table.Td className="rooms-name">
        {health === 'deleted' ? (
          <Text fw={500} td="line-through" dir="auto">
            {titleOf(title)}
          </Text>
        ) : (
          <a className="rooms-link" {...linkTo(roomPath(name))}>
            {titleOf(title)}
          </a>
        )}
        <Text size="sm" c="dimmed" ff="monospace">
          {name}
        </Text>
      </Table.Td>
      <Cell label="People">
        <People room={room} />
      </Cell>
      <Cell label="Last change">
        <time dateTime={changedAt} title={exactly(changedAt)}>
          {ago(changedAt)}
        </time>
      </Cell>
      <Cell label="Entries">{count(entries)}</Cell>
      <Cell label="Log">{bytes(logBytes)}</Cell>
      <Cell label="State">{stateBytes === null ? <Unknown /> : bytes(stateBytes)}</Cell>
      <Cell label="Bloat">
        {bloat === null ? (
          <Unknown />
        ) : (
          <span title={`${bloat} bytes of state for each character of text`}>× {bloat.toFixed(1)}</span>
        )}
      </Cell>
      <Cell label="Health">
        <HealthBadge room={room} />
      </Cell>
      <Table.Td className="rooms-actions">
        {health === 'deleted' ? null : <Actions room={room} onDelete={onDelete} onRetention={onRetention} />}
      </Table.Td>
    </Table.Tr>
  )
}

/** On a phone the headings are gone, and each cell says what it is. */
function Cell({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <Table.Td data-label={label} className="rooms-cell">
      {children}
    </Table.Td>
  )
}

const Unknown = () => <span title="Nobody has counted it yet">–</span>

const nameOf = ({ id, name }: RoomSummary['recent'][number]): string => name ?? id

function People({ room: { people, recent } }: { readonly room: RoomSummary }) {
  if (people === 0) return <Unknown />
  const shown = recent.slice(0, AVATARS)
  return (
    <span className="rooms-people" title={recent.map(nameOf).join(', ')}>
      <Avatar.Group spacing={4}>
        {shown.map((person) => (
          <KnownAvatar
            key={person.id}
            id={person.id}
            name={nameOf(person)}
            color={colorFor(person.id)}
            size={26}
          />
        ))}
      </Avatar.Group>
      {count(people)}
    </span>
  )
}

const HEALTH_SIGNS = {
  ok: { color: 'green', Icon: IconCheck },
  damaged: { color: 'red', Icon: IconAlertTriangle },
  quarantined: { color: 'orange', Icon: IconLock },
  deleted: { color: 'gray', Icon: IconTrash },
} as const

function HealthBadge({ room: { health, reason, deletedBy } }: { readonly room: RoomSummary }) {
  const { color, Icon } = HEALTH_SIGNS[health]
  const why = reason ?? (deletedBy === null ? undefined : `by ${deletedBy}`)
  return (
    <>
      <Badge
        variant="default"
        tt="none"
        fw={500}
        size="lg"
        leftSection={<Icon size={14} color={`var(--mantine-color-${color}-7)`} aria-hidden="true" />}
      >
        {HEALTH_WORDS[health]}
      </Badge>
      {why === undefined ? null : (
        <Text size="sm" c="dimmed">
          {why}
        </Text>
      )}
    </>
  )
}

function Actions({ room, onDelete, onRetention }: RowProps) {
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={40} aria-label={`Actions for ${room.name}`}>
          <IconDots size={20} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          component="a"
          leftSection={<IconFile size={16} aria-hidden="true" />}
          {...linkTo(roomPath(room.name))}
        >
          Open
        </Menu.Item>
        <Menu.Item
          component="a"
          leftSection={<IconHistory size={16} aria-hidden="true" />}
          {...linkTo(historyPath(room.name))}
        >
          History
        </Menu.Item>
        <Menu.Item
          component="a"
          leftSection={<IconListDetails size={16} aria-hidden="true" />}
          {...linkTo(inspectorPath(room.name))}
        >
          Entries
        </Menu.Item>
        <Menu.Item
          leftSection={<IconScissors size={16} aria-hidden="true" />}
          onClick={() => onRetention(room)}
        >
          What retention would drop
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item leftSection={<IconTrash size={16} aria-hidden="true" />} onClick={() => onDelete(room)}>
          Delete…
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
