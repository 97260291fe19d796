import { useCallback, useSyncExternalStore } from 'react'
import type { Room } from '../sdk/room.ts'
import type { Person } from '../sdk/state.ts'

/** The people in the room, each once however many tabs they have, the reader first. */
export const usePresence = (room: Room): readonly Person[] => {
  const subscribe = useCallback((listener: () => void) => room.subscribe(listener), [room])
  const read = useCallback(() => room.getPeople(), [room])
  return useSyncExternalStore(subscribe, read, read)
}
