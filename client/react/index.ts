/** The public entry `syncline/react`. */
export { SynclineProvider, useClient } from './provider.ts'
export { usePresence } from './use-presence.ts'
export { useRoom } from './use-room.ts'
export { type Saved, useSaved } from './use-saved.ts'
export { useClientStatus, useRoomState, useStatus } from './use-status.ts'
