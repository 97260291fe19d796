import type { Role } from '../protocol.ts'
import type { Identity } from './identity.ts'

/** Decides who may do what in the rooms of one kind, beyond what grants say; no application is asked about them. */
export interface RoomRule {
  /** Whether whoever enters an absent room as a writer creates it; otherwise it is made in another way. */
  readonly createdByEntering: boolean
  /** The most that somebody's token can give them there. */
  most(identity: Identity, room: string): Role | undefined
  /** What they have of it now. */
  roleOf(identity: Identity, room: string, most: Role): Promise<Role | undefined>
}
