import { Avatar } from '@mantine/core'
import { initialsOf } from '../people.ts'

interface PersonAvatarProps {
  readonly name: string
  readonly color: string
  readonly size?: number
  readonly active?: boolean
}

export function PersonAvatar({ name, color, size = 30, active = false }: PersonAvatarProps) {
  return (
    <Avatar
      alt=""
      size={size}
      radius="xl"
      className={active ? 'person person-active' : 'person'}
      style={{ '--person': color }}
    >
      <span aria-hidden="true">{initialsOf(name)}</span>
    </Avatar>
  )
}
