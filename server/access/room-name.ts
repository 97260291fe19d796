import { SynclineError } from '../errors.ts'
import { ROOM_NAME } from '../protocol.ts'

export interface RoomName {
  readonly kind: string
  readonly id: string
}

/**
 * Takes a room's name apart.
 * @throws SynclineError `room-name-invalid`
 */
export function parseRoomName(name: string): RoomName {
  const colon = name.indexOf(':')
  const id = name.slice(colon + 1)
  // A room called doc:* could not be granted without granting every doc.
  if (id === '*' || !ROOM_NAME.test(name)) throw new SynclineError('room-name-invalid')
  return { kind: name.slice(0, colon), id }
}
