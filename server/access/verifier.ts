import type { TokenConfig } from '../config.ts'
import type { Logger } from '../observe/log.ts'
import type { Identity } from './identity.ts'
import { KeySet } from './key-set.ts'
import { claimedKey, type TokenRules, verificationKey, verifyToken } from './token.ts'

/**
 * Who a token proves its bearer to be: at once where its key is known, later where it must be fetched.
 * @throws SynclineError `token-missing`, `token-expired`, `token-invalid` or `authorization-unavailable`
 */
export type Verify = (token: string) => Identity | Promise<Identity>

/** Verifies tokens as the configuration says. */
export function createVerifier(tokens: TokenConfig, rules: TokenRules, logger: Logger): Verify {
  if (tokens.mode !== 'jwks') {
    const key = verificationKey(tokens)
    return (token) => verifyToken(key, token, rules)
  }
  const keys = new KeySet({ url: tokens.url, logger })
  return (token) => {
    const key = keys.key(claimedKey(token))
    return key instanceof Promise
      ? key.then((fetched) => verifyToken(fetched, token, rules))
      : verifyToken(key, token, rules)
  }
}
