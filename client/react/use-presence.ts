import { useCallback, useMemo, useSyncExternalStore } from 'react'
import type { Room } from '../sdk/room.ts'
import type { Person } from '../sdk/state.ts'

/** The people in the room: where, on what, whether they look and type. Each once however many tabs they have, the reader first. */
export const usePresence = (room: Room): readonly Person[] => {
  const subscribe = useCallback((listener: () => void) => room.subscribe(listener), [room])
  const read = useCallback(() => room.getPeople(), [room])
  return useSyncExternalStore(subscribe, read, read)
}

/** Who else types in the room now, and what tells them that this person does, or no more: call it with each key. */
export const useTyping = (
  room: Room,
): { readonly people: readonly Person[]; readonly setTyping: (typing: boolean) => void } => {
  const everybody = usePresence(room)
  const setTyping = useCallback((typing: boolean) => room.setTyping(typing), [room])
  return useMemo(
    () => ({ people: everybody.filter(({ self, typing }) => typing && !self), setTyping }),
    [everybody, setTyping],
  )
}
