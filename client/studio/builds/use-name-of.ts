import { useEffect, useState } from 'react'
import { usePresence } from '../../react/index.ts'
import type { Room } from '../../sdk/index.ts'
import type { TokenSource } from '../api.ts'
import { getEntries } from '../inspector/api.ts'

/**
 * What to call whoever an event's actor is: as they are called here now, or as the server knows them, which it tells
 * those who may write. For all others the id has to do.
 */
export function useNameOf(room: Room, actor: string | undefined, token: TokenSource): string {
  const people = usePresence(room)
  const [names, setNames] = useState<Readonly<Record<string, string>>>({})
  useEffect(() => {
    if (actor === undefined) return
    const controller = new AbortController()
    getEntries(token, room.name, { after: 0, limit: 50 }, controller.signal).then(
      ({ names: told }) => setNames(told),
      () => undefined, // the id is a name too
    )
    return () => controller.abort()
  }, [token, room, actor])
  if (actor === undefined) return ''
  return people.find(({ id }) => id === actor)?.name ?? names[actor] ?? actor
}
