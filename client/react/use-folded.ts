import { useSyncExternalStore } from 'react'
import { type Fold, folded, type Told } from '../sdk/events/folded.ts'
import type { Room } from '../sdk/room.ts'

/** What a fold makes of a room's events. The fold is to be one object, made outside of the component. */
export const useFolded = <State>(room: Room, fold: Fold<State>): State => {
  const { subscribe, getState } = folded(room, fold)
  return useSyncExternalStore(subscribe, getState, getState)
}

/** Whether that is made of all that the room keeps, and if not, why. */
export const useTold = <State>(room: Room, fold: Fold<State>): Told => {
  const { subscribe, getTold } = folded(room, fold)
  return useSyncExternalStore(subscribe, getTold, getTold)
}
