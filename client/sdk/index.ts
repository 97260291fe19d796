/** The public entry `syncline/client`. */
export type { ErrorCode } from '../../server/errors.ts'
/** What travels, for whoever writes a client of their own. */
export type {
  AckEnvelope,
  EventDraft,
  EventsEnvelope,
  PublishEnvelope,
  ResetEnvelope,
  ResumedEnvelope,
  ResumeEnvelope,
  RoomEvent,
} from '../../server/protocol.ts'
export { Client, type ConnectOptions, type RoomOptions } from './client.ts'
export { colorFor, isColor, PALETTE } from './color.ts'
export { connect } from './connect.ts'
export { Room } from './room.ts'
export type {
  ClientState,
  ConnectionStatus,
  Person,
  Refusal,
  RoomState,
  RoomStatus,
  SaveState,
  User,
} from './state.ts'
export type { TokenContext, TokenSource } from './tokens.ts'
