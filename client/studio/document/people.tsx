import { Avatar, Group, Tooltip, UnstyledButton } from '@mantine/core'
import type { Room } from '../../sdk/index.ts'
import { PersonAvatar } from '../shell/person-avatar.tsx'
import { type Present, usePeople } from './use-people.ts'

interface PeopleProps {
  readonly room: Room
  readonly onFollow: (clients: readonly number[]) => void
}

const SHOWN = 4

/** Who else is here. One's own picture is in the header already. */
export function People({ room, onFollow }: PeopleProps) {
  const others = usePeople(room).filter(({ self }) => !self)
  if (others.length === 0) return null
  const rest = others.slice(SHOWN)
  return (
    <Group component="ul" gap={4} wrap="nowrap" className="people" aria-label="People here">
      {others.slice(0, SHOWN).map((person) => (
        <li key={person.id}>
          <PersonButton person={person} onFollow={onFollow} />
        </li>
      ))}
      {rest.length === 0 ? null : (
        <li>
          <Tooltip label={rest.map(({ name }) => name).join(', ')} multiline maw={260}>
            <Avatar size={30} radius="xl" aria-label={`and ${rest.length} more`}>
              +{rest.length}
            </Avatar>
          </Tooltip>
        </li>
      )}
    </Group>
  )
}

function PersonButton({ person, onFollow }: { readonly person: Present } & Pick<PeopleProps, 'onFollow'>) {
  const { name, color, away, clients } = person
  const label = `${name}${away ? ', away' : ''}`
  return (
    <Tooltip label={`${label}. Click to go to their cursor.`}>
      <UnstyledButton
        aria-label={`${label}: go to their cursor`}
        className="person-button"
        onClick={() => onFollow(clients)}
      >
        <PersonAvatar name={name} color={color} active={!away} />
      </UnstyledButton>
    </Tooltip>
  )
}
