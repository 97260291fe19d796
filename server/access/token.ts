import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'
import type { TokenKey } from '../config.ts'
import { SynclineError } from '../errors.ts'
import { type Grants, TOKEN_AUDIENCE } from '../protocol.ts'
import { claimsSchema, displayName, firstIssue, type Identity } from './identity.ts'

/** How far the clocks of whoever signs and of this server may be apart, in seconds. */
export const CLOCK_LEEWAY = 30

/** A thousand grants of the longest names fit; anything longer is not worth hashing. */
const MAX_TOKEN_LENGTH = 1024 * 1024

/** What jsonwebtoken says that is safe and useful to repeat; its other messages may quote the token. */
const REPEATABLE =
  /^(jwt malformed|invalid token|invalid signature|invalid algorithm|jwt signature is required|jwt not active|jwt audience invalid|jwt issuer invalid)/

/** One algorithm a key: a token that could choose might present the public key as an HMAC secret. */
export interface VerificationKey {
  readonly secret: KeyObject
  readonly algorithm: 'HS256' | 'RS256' | 'ES256'
}

/** What tokens must say here, besides being signed. */
export interface TokenRules {
  /** Their `iss`; any where it is undefined. */
  readonly issuer?: string | undefined
  /** Whether they may leave it to the application what they grant. */
  readonly mayDefer?: boolean
}

export const verificationKey = (key: TokenKey): VerificationKey =>
  key.mode === 'public-key'
    ? { secret: createPublicKey(key.publicKey), algorithm: key.algorithm }
    : { secret: createSecretKey(key.secret, 'utf8'), algorithm: 'HS256' }

/**
 * Who a token proves its bearer to be.
 * @throws SynclineError `token-missing`, `token-expired` or `token-invalid`; its detail never quotes the token.
 */
export function verifyToken(
  key: VerificationKey,
  token: string,
  { issuer, mayDefer = false }: TokenRules = {},
  now: number = Date.now(),
): Identity {
  checkLength(token)
  const { header, payload } = decode(key, token, issuer, now)
  // RFC 7515 4.1.11: extensions that are named critical and not understood make the token invalid.
  if (Object.hasOwn(header, 'crit')) throw new SynclineError('token-invalid', 'it needs extensions')
  const claims = claimsSchema.safeParse(payload)
  if (!claims.success) throw new SynclineError('token-invalid', firstIssue(claims.error))
  const { sub, name, grants, exp, iat = 0 } = claims.data
  if (grants === undefined && !mayDefer) throw new SynclineError('token-invalid', 'grants must be there')
  // A revocation reaches the tokens that were issued before it, so none may have been issued tomorrow.
  if (iat > now / 1000 + CLOCK_LEEWAY) throw new SynclineError('token-invalid', 'iat lies in the future')
  return {
    user: sub,
    name: displayName(name, sub),
    grants: grants ?? {},
    defers: grants === undefined,
    issuedAt: iat * 1000,
    expiresAt: (exp + CLOCK_LEEWAY) * 1000,
  }
}

/**
 * The name of the key that a token says it is signed with, which proves nothing yet.
 * @throws SynclineError `token-missing` or `token-invalid`
 */
export function claimedKey(token: string): unknown {
  checkLength(token)
  try {
    return jwt.decode(token, { complete: true })?.header.kid
  } catch {
    throw new SynclineError('token-invalid', 'it cannot be read')
  }
}

function checkLength(token: string): void {
  if (token === '') throw new SynclineError('token-missing')
  if (token.length > MAX_TOKEN_LENGTH) throw new SynclineError('token-invalid', 'it is too long')
}

function decode(key: VerificationKey, token: string, issuer: string | undefined, now: number): jwt.Jwt {
  try {
    return jwt.verify(token, key.secret, {
      algorithms: [key.algorithm],
      audience: TOKEN_AUDIENCE,
      ...(issuer !== undefined && { issuer }),
      clockTolerance: CLOCK_LEEWAY,
      clockTimestamp: now / 1000,
      complete: true,
    })
  } catch (error) {
    if (error instanceof jwt.TokenExpiredError) throw new SynclineError('token-expired')
    const said = error instanceof Error ? REPEATABLE.exec(error.message)?.[0] : undefined
    throw new SynclineError('token-invalid', said ?? 'it cannot be read')
  }
}

/** For whom a token is signed, and what it lets them do. */
export interface TokenSubject {
  readonly user: { readonly id: string; readonly name?: string }
  readonly grants: Grants
}

/**
 * Signs a token that `verifyToken` takes.
 * @throws SynclineError `request-invalid` where it would not.
 */
export function signToken(secret: string, { user, grants }: TokenSubject, lifetimeSeconds = 3600): string {
  const exp = Math.floor(Date.now() / 1000) + lifetimeSeconds
  const claims = claimsSchema.safeParse({ sub: user.id, name: user.name, grants, exp })
  if (!claims.success) throw new SynclineError('request-invalid', firstIssue(claims.error))
  return jwt.sign({ ...claims.data, aud: TOKEN_AUDIENCE }, secret, { algorithm: 'HS256' })
}
