import {
  ActionIcon,
  Popover,
  ScrollArea,
  Skeleton,
  Stack,
  Text,
  Tooltip,
  UnstyledButton,
} from '@mantine/core'
import { IconUsers } from '@tabler/icons-react'
import { useState } from 'react'
import { type RoomPerson, usePresence, useRoomPeople } from '../../react/index.ts'
import { colorFor, type Room } from '../../sdk/index.ts'
import { PersonAvatar } from '../shell/person-avatar.tsx'
import { statusWords } from '../shell/status-words.ts'
import { exactly } from '../times.ts'

interface EverybodyProps {
  readonly room: Room
  /** How many are here for whom there was no place beside the button. */
  readonly more: number
  readonly onFollow: (clients: readonly number[]) => void
}

/** A list of all who are here, and of those who were. */
export function Everybody({ room, more, onFollow }: EverybodyProps) {
  const [opened, setOpened] = useState(false)
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={300} trapFocus returnFocus>
      <Popover.Target>
        <Tooltip label="Everybody" disabled={opened}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={
              more === 0 ? 'Everybody' : `Everybody: ${more} more ${more === 1 ? 'is' : 'are'} here`
            }
            onClick={() => setOpened(!opened)}
          >
            {more === 0 ? <IconUsers size={20} stroke={1.7} aria-hidden="true" /> : `+${more}`}
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p="xs" aria-label="Everybody">
        {opened ? (
          <List
            room={room}
            onFollow={(clients) => {
              setOpened(false)
              onFollow(clients)
            }}
          />
        ) : null}
      </Popover.Dropdown>
    </Popover>
  )
}

function List({ room, onFollow }: Pick<EverybodyProps, 'room' | 'onFollow'>) {
  const { people, error } = useRoomPeople(room)
  const clients = new Map(usePresence(room).map((person) => [person.id, person]))
  if (people === undefined) {
    return error === undefined ? (
      <Stack gap="sm" p="xs" role="status" aria-label="Asking who was here">
        <Skeleton height={30} />
        <Skeleton height={30} />
      </Stack>
    ) : (
      <Text size="sm" p="xs" role="alert">
        Who was here cannot be told now: {error.message}. It is asked again every half minute.
      </Text>
    )
  }
  return (
    <ScrollArea.Autosize mah="min(60vh, 420px)" type="auto" scrollbars="y" className="everybody-area">
      <ul className="everybody">
        {people.map((person) => {
          const there = clients.get(person.user)
          const row = <Row person={person} color={there?.color ?? colorFor(person.user)} />
          return (
            <li key={person.user}>
              {there === undefined || there.self ? (
                <div className="everybody-row">{row}</div>
              ) : (
                <UnstyledButton className="everybody-row" onClick={() => onFollow(there.clients)}>
                  {row}
                </UnstyledButton>
              )}
            </li>
          )
        })}
      </ul>
    </ScrollArea.Autosize>
  )
}

function Row({ person, color }: { readonly person: RoomPerson; readonly color: string }) {
  const { name, status, here, self, lastSeen } = person
  const words = statusWords(person)
  return (
    <>
      <PersonAvatar name={name} color={color} size={28} status={status} />
      <span className="everybody-text">
        <Text component="span" size="sm" fw={500} truncate display="block">
          {name}
          {self ? ' (you)' : ''}
        </Text>
        <Text
          component="span"
          size="xs"
          c="dimmed"
          display="block"
          {...(lastSeen === null ? {} : { title: exactly(lastSeen) })}
        >
          {here || status === 'offline' ? words : `${words}, elsewhere`}
        </Text>
      </span>
    </>
  )
}
