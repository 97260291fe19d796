import { useSyncExternalStore } from 'react'
import type { Room } from '../sdk/room.ts'
import type { SharedList } from '../sdk/shared-list.ts'
import type { SharedMap } from '../sdk/shared-map.ts'

/** A map of the room's document as it is now, and the map itself to change it. */
export const useSharedMap = <T extends object>(
  room: Room,
  name: string,
): readonly [Readonly<Partial<T>>, SharedMap<T>] => {
  const map = room.map<T>(name)
  return [useSyncExternalStore(map.subscribe, map.getState, map.getState), map]
}

/** A list of the room's document as it is now, and the list itself to change it. */
export const useSharedList = <T>(room: Room, name: string): readonly [readonly T[], SharedList<T>] => {
  const list = room.list<T>(name)
  return [useSyncExternalStore(list.subscribe, list.getState, list.getState), list]
}
