import type { Authorizer } from '../access/authorizer.ts'
import { atLeast } from '../access/grants.ts'
import type { Identity } from '../access/identity.ts'
import type { Revocations } from '../access/revocations.ts'
import type { Verify } from '../access/verifier.ts'
import { SynclineError } from '../errors.ts'
import { bearer } from '../http/bearer.ts'
import type { Role } from '../protocol.ts'

export interface ReaderOptions {
  readonly verify: Verify
  readonly authorizer: Authorizer
  readonly revocations: Pick<Revocations, 'check'>
}

/** What was deleted may have been deleted for a reason: the past is for those who may write. */
export const HISTORY_ROLE: Role = 'write'

/** Says who asks for a room's past. @throws SynclineError where they may not have it */
export type Reader = (header: string | undefined, room: string, needed?: Role) => Promise<Identity>

/** Before anything is looked up: who may not read a room is not told whether it exists. */
export const readerOf =
  ({ verify, authorizer, revocations }: ReaderOptions): Reader =>
  async (header, room, needed = HISTORY_ROLE) => {
    const identity = await bearer(header, verify)
    const { role } = await authorizer.decide(identity, room)
    revocations.check(identity, room)
    if (!atLeast(role, needed))
      throw new SynclineError(
        'forbidden',
        role === undefined ? undefined : `its past needs the role ${needed}`,
      )
    return identity
  }
