import { Avatar, Text } from '@mantine/core'
import type { PersonStatus } from '../../../server/protocol.ts'
import { usePeopleStatus } from '../../react/index.ts'
import { initialsOf } from '../people.ts'
import { statusWords } from './status-words.ts'

interface PersonAvatarProps {
  readonly name: string
  readonly color: string
  readonly size?: number
  /** What is known of them; left out, nothing is shown of it. */
  readonly status?: PersonStatus['status'] | undefined
  readonly title?: string
}

const CLASSES = {
  online: 'person person-online',
  away: 'person person-away',
  offline: 'person person-offline',
} as const

export function PersonAvatar({ name, color, size = 30, status, title }: PersonAvatarProps) {
  return (
    <Avatar
      alt=""
      size={size}
      radius="xl"
      className={status === undefined ? 'person' : CLASSES[status]}
      style={{ '--person': color }}
      {...(title === undefined ? {} : { title })}
    >
      {/* Drawn and not written: a picture's button is named for the person, not for two letters. */}
      <span className="person-initials" data-initials={initialsOf(name)} aria-hidden="true" />
    </Avatar>
  )
}

/** The same of somebody who need not be here: with their status, as far as the server tells it. */
export function KnownAvatar({ id, ...shown }: PersonAvatarProps & { readonly id: string }) {
  const known = usePeopleStatus([id]).get(id)
  const title = known && `${shown.name}: ${statusWords(known)}`
  return <PersonAvatar {...shown} status={known?.status} {...(title === undefined ? {} : { title })} />
}

/** Their status in words, where it is known: "away on a phone", "last seen 2 hours ago". */
export function KnownStatus({ id }: { readonly id: string }) {
  const known = usePeopleStatus([id]).get(id)
  if (known === undefined) return null
  return (
    <Text size="xs" c="dimmed">
      {statusWords(known)}
    </Text>
  )
}
