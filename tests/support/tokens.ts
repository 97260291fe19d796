import jwt from 'jsonwebtoken'
import { type Grants, TOKEN_AUDIENCE } from '../../server/protocol.ts'

/** For `startServer({ env: { JWT_SECRET: SECRET } })`: the tests then sign what they like. */
export const SECRET = 'tests only: ZYXWVUTSRQPONMLKJIHGFEDCBA'

export interface TokenOptions {
  readonly grants?: Grants
  /** In seconds from now. */
  readonly issued?: number
  readonly expires?: number
}

/** A token as an application would sign it, issued and expiring when the test wants it to. */
export function tokenOf(user: string, options: TokenOptions = {}): string {
  const { grants = { 'doc:*': 'write' }, issued = 0, expires = 3_600 } = options
  const now = Math.floor(Date.now() / 1000)
  return jwt.sign(
    { sub: user, name: user, grants, aud: TOKEN_AUDIENCE, iat: now + issued, exp: now + expires },
    SECRET,
    { algorithm: 'HS256' },
  )
}
