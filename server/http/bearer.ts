import type { Identity } from '../access/identity.ts'
import type { Verify } from '../access/verifier.ts'
import { SynclineError } from '../errors.ts'
import { askedBy } from './asking.ts'

/**
 * Who sends a request, by its Authorization header.
 * @throws SynclineError `token-missing`, `token-expired`, `token-invalid` or `authorization-unavailable`
 */
export async function bearer(header: string | undefined, verify: Verify): Promise<Identity> {
  const token = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1]
  if (token === undefined) throw new SynclineError('token-missing')
  const identity = await verify(token)
  askedBy(identity.user)
  return identity
}

/** Whether an address has a token in its query. Addresses are kept in histories, and logged by every proxy on the way. */
export function carriesToken(address: string): boolean {
  const query = new URLSearchParams(address.split('?').slice(1).join('?'))
  return ['token', 'access_token', 'jwt'].some((name) => query.has(name))
}
