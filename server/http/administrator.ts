import { isAdministrator } from '../access/grants.ts'
import type { Identity } from '../access/identity.ts'
import type { Verify } from '../access/verifier.ts'
import { SynclineError } from '../errors.ts'
import { bearer } from './bearer.ts'

/**
 * Who sends a request that is for those who are admin in every room. To be asked before anything is looked up.
 * @throws SynclineError `forbidden`, or what `bearer` throws
 */
export async function administrator(authorization: string | undefined, verify: Verify): Promise<Identity> {
  const identity = await bearer(authorization, verify)
  if (!isAdministrator(identity.grants)) throw new SynclineError('forbidden', 'this is for administrators')
  return identity
}
