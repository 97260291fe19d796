import { useEffect, useReducer } from 'react'
import type { RoomOptions } from '../sdk/client.ts'
import type { Room } from '../sdk/room.ts'
import { useClient } from './provider.ts'

/** The room of that name, held while the component is mounted. All components of a name share one. */
export const useRoom = (name: string, options?: RoomOptions): Room => {
  const client = useClient()
  const [, renderAgain] = useReducer((count: number) => count + 1, 0)
  const offline = options?.offline
  // Rendering may be thrown away or done twice, so it only looks; the effect takes hold.
  const room = client.peek(name, { offline })

  useEffect(() => {
    const held = client.room(name, { offline })
    // A render that waited long may have seen a room that was closed meanwhile.
    if (held !== room) renderAgain()
    return () => held.release()
  }, [client, name, offline, room])

  return room
}
