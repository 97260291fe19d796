import { useMemo, useSyncExternalStore } from 'react'
import type { Room } from '../sdk/room.ts'
import type { SharedList } from '../sdk/shared-list.ts'
import type { SharedMap } from '../sdk/shared-map.ts'

/** A map of the room's document as it is now, and the map itself to change it. */
export const useSharedMap = <T extends object>(
  room: Room,
  name: string,
): readonly [Readonly<Partial<T>>, SharedMap<T>] => {
  const map = room.map<T>(name)
  const state = useSyncExternalStore(map.subscribe, map.getState, map.getState)
  return useMemo(() => [state, map], [state, map])
}

/** A list of the room's document as it is now, and the list itself to change it. */
export const useSharedList = <T>(room: Room, name: string): readonly [readonly T[], SharedList<T>] => {
  const list = room.list<T>(name)
  const state = useSyncExternalStore(list.subscribe, list.getState, list.getState)
  return useMemo(() => [state, list], [state, list])
}
