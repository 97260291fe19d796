import type { Authorizer } from '../access/authorizer.ts'
import type { Revocations } from '../access/revocations.ts'
import type { Verify } from '../access/verifier.ts'
import { SynclineError } from '../errors.ts'
import { bearer } from './bearer.ts'

export interface AccessOptions {
  readonly verify: Verify
  readonly authorizer: Authorizer
  readonly revocations: Pick<Revocations, 'check'>
}

/**
 * The user id of whoever sends a request about a room, who has to be admin in it.
 * @throws SynclineError `forbidden`, `room-name-invalid`, `revoked` or what `bearer` throws
 */
export async function administratorOf(
  room: string,
  authorization: string | undefined,
  { verify, authorizer, revocations }: AccessOptions,
): Promise<string> {
  const identity = await bearer(authorization, verify)
  const { role } = await authorizer.decide(identity, room)
  revocations.check(identity, room)
  if (role !== 'admin') throw new SynclineError('forbidden')
  return identity.user
}
