import { Text } from '@mantine/core'
import { useEffect } from 'react'
import { useTyping } from '../../react/index.ts'
import type { Person, Room } from '../../sdk/index.ts'

/** Whom one names; the others are counted. */
const NAMED = 2

/** Who writes here just now, quietly: it is no news, and is not read out. */
export function Typing({ room }: { readonly room: Room }) {
  const { people, setTyping } = useTyping(room)
  useEffect(() => {
    const write = (_update: Uint8Array, _origin: unknown, _doc: unknown, { local }: { local: boolean }) => {
      // What comes from the network, or from this device's copy, nobody types.
      if (local && document.hasFocus()) setTyping(true)
    }
    room.doc.on('update', write)
    return () => {
      room.doc.off('update', write)
      setTyping(false)
    }
  }, [room, setTyping])
  if (people.length === 0) return null
  return (
    <Text component="p" size="xs" className="typing" aria-hidden="true">
      <span className="typing-names">{namesOf(people)}</span>
      <span className="typing-rest">
        {people.length === 1 ? ' is typing' : ' are typing'}
        <span className="typing-dots">…</span>
      </span>
    </Text>
  )
}

function namesOf(people: readonly Pick<Person, 'name'>[]): string {
  const names = people.slice(0, NAMED).map(({ name }) => name)
  const more = people.length - names.length
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(' and ')
}
