import type { ErrorCode } from '../../server/errors.ts'
import type { Device } from '../../server/protocol.ts'
import type { Transport } from './way.ts'

export type ConnectionStatus = 'connecting' | 'online' | 'offline'

/** `refused` stays until `room.retry()`: asking again unasked would get the same answer. */
export type RoomStatus = ConnectionStatus | 'refused'

/**
 * `saved`: the server has committed every change made here. `saving`: it was told of them and has not said so
 * yet. `offline`: it cannot be told now; the changes are kept here and sent on return.
 */
export type SaveState = 'saved' | 'saving' | 'offline'

export interface Refusal {
  readonly code: ErrorCode
  /** Words for a person. */
  readonly message: string
  readonly retryable: boolean
}

/** Replaced, never changed, so that a reader can compare two of them by identity. */
export interface RoomState {
  readonly status: RoomStatus
  readonly refusal: Refusal | undefined
  readonly readOnly: boolean
  readonly saved: SaveState
  /** Changes made on this device that the server has not committed. */
  readonly unsaved: number
  /** Of those, how many the copy on this device has: they are there after a reload. Undefined where none is kept. */
  readonly kept: number | undefined
  /** Events published on this device that the server has not committed. */
  readonly unsent: number
  /** Some changes or events would go with the page: they are neither committed, nor refused, nor kept on this device. */
  readonly losing: boolean
  /** Where the room's log stood when the server last said that something is saved. */
  readonly savedSeq: number | undefined
  /** The copy kept on this device, if any, has been read. */
  readonly loaded: boolean
  /** The document holds what the server had: true from the first exchange on, also while offline later. */
  readonly synced: boolean
}

export const NEW_ROOM: RoomState = {
  status: 'connecting',
  refusal: undefined,
  readOnly: false,
  saved: 'offline',
  unsaved: 0,
  kept: undefined,
  unsent: 0,
  losing: false,
  savedSeq: undefined,
  loaded: false,
  synced: false,
}

export const sameState = (a: RoomState, b: RoomState): boolean =>
  (Object.keys(a) as (keyof RoomState)[]).every((key) => a[key] === b[key])

export interface ClientState {
  readonly status: ConnectionStatus
  /** `http` where the network lets no WebSocket through; while not online, what was tried last. */
  readonly transport: Transport
  /** A room that is still open would lose something with the page (`RoomState.losing`): reason to ask whoever closes it. */
  readonly losing: boolean
}

export interface User {
  readonly id: string
  readonly name: string
  /** `#rrggbb`; left out, it follows from the id. */
  readonly color?: string | undefined
}

/** Somebody in a room, however many tabs and devices they are there with. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly color: string
  readonly self: boolean
  /** Their awareness client ids in this room; their carets are in these states, as the editors write them. */
  readonly clients: readonly number[]
  /** `away`: none of their tabs in this room is looked at. */
  readonly status: 'online' | 'away'
  readonly device: Device | undefined
  /** They wrote something within a few seconds. */
  readonly typing: boolean
  /** Where in the room they are (a page, a file), as `room.setWhere` says it there. */
  readonly where: string | undefined
}
