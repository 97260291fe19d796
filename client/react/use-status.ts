import { useCallback, useSyncExternalStore } from 'react'
import type { Room } from '../sdk/room.ts'
import type { ConnectionStatus, RoomState, RoomStatus } from '../sdk/state.ts'
import { useClient } from './provider.ts'

/** All that is known of the room: status, refusal, what is saved. */
export const useRoomState = (room: Room): RoomState => {
  const subscribe = useCallback((listener: () => void) => room.subscribe(listener), [room])
  const read = useCallback(() => room.getState(), [room])
  return useSyncExternalStore(subscribe, read, read)
}

export const useStatus = (room: Room): RoomStatus => {
  const subscribe = useCallback((listener: () => void) => room.subscribe(listener), [room])
  const read = useCallback(() => room.getState().status, [room])
  return useSyncExternalStore(subscribe, read, read)
}

/** Of the one connection that all rooms share. */
export const useClientStatus = (): ConnectionStatus => {
  const client = useClient()
  const subscribe = useCallback((listener: () => void) => client.subscribe(listener), [client])
  const read = useCallback(() => client.getState().status, [client])
  return useSyncExternalStore(subscribe, read, read)
}
