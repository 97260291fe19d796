import type { Outbox } from './events/outbox.ts'
import { refusal } from './refusal.ts'
import type { SaveTracker } from './save-tracker.ts'
import type { Session } from './session.ts'
import type { RoomState } from './state.ts'

/** What a room's state is made of. */
export interface StateSources {
  readonly session: Session
  readonly tracker: SaveTracker
  readonly outbox: Outbox
  /** Whether this device is to keep a copy. */
  readonly copied: boolean
  readonly loaded: boolean
}

export const stateOf = ({ session, tracker, outbox, copied, loaded }: StateSources): RoomState => ({
  status: session.status,
  refusal: session.refusal ?? (tracker.refused ? refusal('read-only') : undefined),
  readOnly: session.readOnly,
  saved: tracker.saved,
  unsaved: tracker.unsaved,
  kept: copied ? tracker.kept : undefined,
  unsent: outbox.waiting,
  losing: session.status !== 'refused' && (tracker.losing || outbox.losing),
  savedSeq: session.savedSeq,
  loaded,
  synced: session.synced,
})
