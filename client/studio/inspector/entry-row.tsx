import { UnstyledButton } from '@mantine/core'
import { memo } from 'react'
import { colorFor } from '../../sdk/index.ts'
import { bytes } from '../rooms/figures.ts'
import { KnownAvatar } from '../shell/person-avatar.tsx'
import type { RoomEntry } from './api.ts'

interface EntryRowProps {
  readonly entry: RoomEntry
  readonly name: string
  readonly chosen: boolean
  readonly onChoose: (seq: number) => void
}

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})

export const EntryRow = memo(function EntryRow({ entry, name, chosen, onChoose }: EntryRowProps) {
  const { seq, at, actor, type, bytes: size } = entry
  return (
    <UnstyledButton
      className="entry"
      aria-current={chosen ? 'true' : undefined}
      onClick={() => onChoose(seq)}
    >
      <span className="entry-seq">{seq}</span>
      <span className="entry-what" data-edit={type === null ? true : undefined}>
        {type ?? 'edit'}
      </span>
      <span className="entry-who">
        <KnownAvatar id={actor} name={name} color={colorFor(actor)} size={20} />
        <span className="entry-name">{name}</span>
      </span>
      <time className="entry-time" dateTime={new Date(at).toISOString()}>
        {clock.format(at)}
      </time>
      <span className="entry-size">{bytes(size)}</span>
    </UnstyledButton>
  )
})
