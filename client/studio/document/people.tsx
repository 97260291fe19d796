import { Group, Tooltip, UnstyledButton } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { usePresence } from '../../react/index.ts'
import type { Person, Room } from '../../sdk/index.ts'
import { PersonAvatar } from '../shell/person-avatar.tsx'
import { statusWords } from '../shell/status-words.ts'
import { Everybody } from './everybody.tsx'

interface PeopleProps {
  readonly room: Room
  readonly onFollow: (clients: readonly number[]) => void
}

const SHOWN = 4
/** On a phone. */
const SHOWN_NARROW = 1

/** Who else is here. One's own picture is in the header already. */
export function People({ room, onFollow }: PeopleProps) {
  const others = usePresence(room).filter(({ self }) => !self)
  const shown = useMediaQuery('(max-width: 36em)') ? SHOWN_NARROW : SHOWN
  return (
    <Group gap={4} wrap="nowrap">
      {others.length === 0 ? null : (
        <Group component="ul" gap={4} wrap="nowrap" className="people" aria-label="People here">
          {others.slice(0, shown).map((person) => (
            <li key={person.id}>
              <PersonButton person={person} onFollow={onFollow} />
            </li>
          ))}
        </Group>
      )}
      <Everybody room={room} more={Math.max(0, others.length - shown)} onFollow={onFollow} />
    </Group>
  )
}

function PersonButton({ person, onFollow }: { readonly person: Person } & Pick<PeopleProps, 'onFollow'>) {
  const { name, color, status, device = null, clients } = person
  const words = status === 'online' ? '' : `, ${status}`
  return (
    <Tooltip
      label={`${name}, ${statusWords({ status, device, lastSeen: null })}. Click to go to their cursor.`}
    >
      <UnstyledButton
        aria-label={`${name}${words}: go to their cursor`}
        className="person-button"
        onClick={() => onFollow(clients)}
      >
        <PersonAvatar name={name} color={color} status={status} />
      </UnstyledButton>
    </Tooltip>
  )
}
