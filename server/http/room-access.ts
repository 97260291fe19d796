import type { Authorizer } from '../access/authorizer.ts'
import { atLeast } from '../access/grants.ts'
import type { Identity } from '../access/identity.ts'
import type { Revocations } from '../access/revocations.ts'
import type { Verify } from '../access/verifier.ts'
import { SynclineError } from '../errors.ts'
import type { Role } from '../protocol.ts'
import { bearer } from './bearer.ts'

export interface AccessOptions {
  readonly verify: Verify
  readonly authorizer: Pick<Authorizer, 'decide'>
  readonly revocations: Pick<Revocations, 'check'>
}

/** Who asks something of a room, and what they may do there. */
export interface Member {
  readonly user: string
  readonly role: Role
  readonly identity: Identity
  /** Whether they may create the room, should it be absent. */
  readonly mayCreate: boolean
}

/**
 * Says who sends a request about a room. To be asked before anything is looked up: who has no role in a room is not
 * told whether it exists.
 * @throws SynclineError `forbidden`, `room-name-invalid`, `revoked` or what `bearer` throws
 */
export type MemberOf = (authorization: string | undefined, room: string, needed: Role) => Promise<Member>

export const memberOf =
  ({ verify, authorizer, revocations }: AccessOptions): MemberOf =>
  async (authorization, room, needed) => {
    const identity = await bearer(authorization, verify)
    const { role, mayCreate } = await authorizer.decide(identity, room)
    revocations.check(identity, room)
    if (role === undefined) throw new SynclineError('forbidden')
    if (!atLeast(role, needed)) throw new SynclineError('forbidden', `this needs the role ${needed}`)
    return { user: identity.user, role, identity, mayCreate }
  }
