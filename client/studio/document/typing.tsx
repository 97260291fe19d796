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
      {typingWords(people)}
      <span className="typing-dots">…</span>
    </Text>
  )
}

function typingWords(people: readonly Pick<Person, 'name'>[]): string {
  const names = people.slice(0, NAMED).map(({ name }) => name)
  const more = people.length - names.length
  if (more > 0) return `${names.join(', ')} and ${more} more are typing`
  return names.length === 1 ? `${names[0]} is typing` : `${names.join(' and ')} are typing`
}
