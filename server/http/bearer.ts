import type { Identity } from '../access/identity.ts'
import { verifyToken } from '../access/token.ts'
import type { TokenKey } from '../config.ts'
import { SynclineError } from '../errors.ts'

/**
 * Who sends a request, by its Authorization header.
 * @throws SynclineError `token-missing`, `token-expired` or `token-invalid`
 */
export function bearer(header: string | undefined, key: TokenKey): Identity {
  const token = /^bearer +(\S+) *$/i.exec(header ?? '')?.[1]
  if (token === undefined) throw new SynclineError('token-missing')
  return verifyToken(key, token)
}
