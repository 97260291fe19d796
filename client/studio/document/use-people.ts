import { useEffect, useState } from 'react'
import type { Person, Room } from '../../sdk/index.ts'

export interface Present extends Person {
  /** None of this person's tabs is being looked at. */
  readonly away: boolean
}

/** Everybody here, and whether they are looking; tells the others the same about this tab. */
export function usePeople(room: Room): readonly Present[] {
  const [people, setPeople] = useState(() => present(room))

  useEffect(() => {
    const update = () => setPeople((before) => keepIfSame(before, present(room)))
    const look = () => room.setPresence('away', document.visibilityState === 'hidden')
    update()
    look()
    room.awareness.on('change', update)
    const stop = room.subscribe(update)
    document.addEventListener('visibilitychange', look)
    return () => {
      room.awareness.off('change', update)
      stop()
      document.removeEventListener('visibilitychange', look)
    }
  }, [room])

  return people
}

function present(room: Room): readonly Present[] {
  const states = room.awareness.getStates()
  return room.getPeople().map((person) => ({
    ...person,
    away: person.clients.every((client) => states.get(client)?.away === true),
  }))
}

/** Awareness changes with every caret; people seldom do. */
function keepIfSame(before: readonly Present[], after: readonly Present[]): readonly Present[] {
  const same = (one: Present, other: Present | undefined) =>
    other !== undefined &&
    one.id === other.id &&
    one.name === other.name &&
    one.color === other.color &&
    one.away === other.away &&
    one.clients.join() === other.clients.join()
  return before.length === after.length && before.every((person, at) => same(person, after[at]))
    ? before
    : after
}
