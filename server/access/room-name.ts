import { SynclineError } from '../errors.ts'
import { ROOM_NAME } from '../protocol.ts'

export interface RoomName {
  readonly kind: string
  readonly id: string
}

// A room called doc:* could not be granted without granting every doc.
export const isRoomName = (name: string): boolean =>
  ROOM_NAME.test(name) && name.slice(name.indexOf(':')) !== ':*'

/**
 * Takes a room's name apart.
 * @throws SynclineError `room-name-invalid`
 */
export function parseRoomName(name: string): RoomName {
  if (!isRoomName(name)) throw new SynclineError('room-name-invalid')
  const colon = name.indexOf(':')
  return { kind: name.slice(0, colon), id: name.slice(colon + 1) }
}
