import { createHmac, createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { describe, expect, it } from 'vitest'
import { signToken, verificationKey, verifyToken as verify } from '../../server/access/token.ts'
import type { TokenKey } from '../../server/config.ts'
import { SynclineError } from '../../server/errors.ts'

const SECRET = randomBytes(48).toString('base64')
const KEY: TokenKey = { mode: 'secret', secret: SECRET }
const NOW = Date.UTC(2030, 0, 1)
const SECONDS = NOW / 1000
const GOOD = { sub: 'ada', name: 'Ada', aud: 'syncline', exp: SECONDS + 60, grants: { 'doc:*': 'write' } }

const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const ec = generateKeyPairSync('ec', {
  namedCurve: 'prime256v1',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
})
const RSA_KEY: TokenKey = { mode: 'public-key', publicKey: rsa.publicKey, algorithm: 'RS256' }
const EC_KEY: TokenKey = { mode: 'public-key', publicKey: ec.publicKey, algorithm: 'ES256' }

const verifyToken = (key: TokenKey, token: string, now?: number) =>
  verify(verificationKey(key), token, {}, now)

const sign = (claims: object, secret = SECRET, algorithm: jwt.Algorithm = 'HS256'): string =>
  jwt.sign(claims, secret, { algorithm, noTimestamp: true })

/** jsonwebtoken refuses to make some of what attackers send. */
function forge(header: object, claims: object, signature = ''): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}.${signature}`
}

function refused(token: string, key: TokenKey = KEY, now = NOW): SynclineError {
  try {
    verifyToken(key, token, now)
  } catch (error) {
    if (error instanceof SynclineError) return error
    throw error
  }
  throw new Error('the token was taken')
}

describe('a token that is taken', () => {
  it('[ACC5] says who its bearer is and what they may do', () => {
    const expiresAt = NOW + 90_000
    expect(verifyToken(KEY, sign(GOOD), NOW)).toEqual({
      user: 'ada',
      name: 'Ada',
      grants: { 'doc:*': 'write' },
      defers: false,
      issuedAt: 0,
      expiresAt,
    })
  })

  it('[ACC20] says when it was issued; none is issued in the future', () => {
    const issued = (iat: number) => jwt.sign({ ...GOOD, iat }, SECRET)
    expect(verifyToken(KEY, issued(SECONDS - 5), NOW).issuedAt).toBe(NOW - 5_000)
    expect(verifyToken(KEY, issued(SECONDS + 30), NOW).issuedAt).toBe(NOW + 30_000)
    expect(refused(issued(SECONDS + 31)).code).toBe('token-invalid')
  })

  it('[ACC5] is taken from the holder of an RSA or an EC key', () => {
    expect(verifyToken(RSA_KEY, sign(GOOD, rsa.privateKey, 'RS256'), NOW).user).toBe('ada')
    expect(verifyToken(EC_KEY, sign(GOOD, ec.privateKey, 'ES256'), NOW).user).toBe('ada')
  })

  it('[ACC5] is what signToken makes', () => {
    const token = signToken(SECRET, { user: { id: 'bob' }, grants: { 'a:b': 'read' } }, 10)
    const identity = verifyToken(KEY, token)
    expect(identity).toMatchObject({ user: 'bob', name: 'bob', grants: { 'a:b': 'read' } })
    expect(identity.expiresAt - Date.now()).toBeGreaterThan(35_000)
    expect(Math.abs(Date.now() - identity.issuedAt)).toBeLessThan(2_000)
  })

  it.each([
    ['  Ada \u0000\u001b[31m\n ', 'Ada [31m'],
    ['\u202eada', 'ada'],
    ['x'.repeat(300), 'x'.repeat(100)],
    ['👩‍🚀'.repeat(40), `${'👩‍🚀'.repeat(33)}👩`],
    [' \u0007 ', 'ada'],
    [null, 'ada'],
  ])('[ACC5] shows the name %j cleaned and bounded', (name, shown) => {
    const identity = verifyToken(KEY, sign({ ...GOOD, name }), NOW)
    expect(identity.name.replace(/\u200d$/, '')).toBe(shown)
  })

  it('[ACC5] may carry a thousand grants of the longest names', () => {
    const grants = Object.fromEntries(
      Array.from({ length: 1000 }, (_, i) => [`doc:${i}`.padEnd(200, 'x'), 'read']),
    )
    expect(Object.keys(verifyToken(KEY, sign({ ...GOOD, grants }), NOW).grants)).toHaveLength(1000)
  })
})

describe('a token that is refused', () => {
  it('[ACC5] is missing', () => {
    expect(refused('').code).toBe('token-missing')
  })

  it.each([
    ['none', forge({ alg: 'none', typ: 'JWT' }, GOOD)],
    ['none with a signature', forge({ alg: 'none' }, GOOD, 'AAAA')],
    ['None', forge({ alg: 'None' }, GOOD, 'AAAA')],
    ['HS512', sign(GOOD, SECRET, 'HS512')],
    ['another secret', sign(GOOD, randomBytes(48).toString('base64'))],
    ['RS256 where a secret is configured', sign(GOOD, rsa.privateKey, 'RS256')],
  ])('[ACC1] is signed by %s', (_, token) => {
    expect(refused(token).code).toBe('token-invalid')
  })

  it('[ACC1] is signed with the public key as an HMAC secret', () => {
    const header = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT' })).toString('base64url')
    const claims = Buffer.from(JSON.stringify(GOOD)).toString('base64url')
    const token = hmacToken(header, claims, rsa.publicKey)
    // The control: the forgery is a good one, and only the pinned algorithm stands against it.
    const hmacKey = createSecretKey(Buffer.from(rsa.publicKey))
    expect(jwt.verify(token, hmacKey, { algorithms: ['HS256'], clockTimestamp: SECONDS })).toMatchObject(GOOD)
    expect(refused(token, RSA_KEY)).toMatchObject({ code: 'token-invalid', detail: 'invalid algorithm' })
  })

  it.each([
    ['another audience', { ...GOOD, aud: 'billing' }],
    ['no audience', { ...GOOD, aud: undefined }],
    ['no expiry', { ...GOOD, exp: undefined }],
    ['a validity that has not begun', { ...GOOD, nbf: SECONDS + 31 }],
  ])('[ACC1] has %s', (_, claims) => {
    const withoutUndefined = JSON.parse(JSON.stringify(claims)) as object
    expect(refused(sign(withoutUndefined)).code).toBe('token-invalid')
  })

  it.each([
    ['no user', { ...GOOD, sub: undefined }],
    ['an empty user', { ...GOOD, sub: '' }],
    ['a blank user', { ...GOOD, sub: '  ' }],
    ['a user with a NUL', { ...GOOD, sub: 'a\u0000b' }],
    ['a user with a line break', { ...GOOD, sub: 'ada\nroot' }],
    ['a user with an invisible character', { ...GOOD, sub: 'a\u200bda' }],
    ['a user that ends in a space', { ...GOOD, sub: 'ada ' }],
    ['a user with half a surrogate pair', { ...GOOD, sub: 'a\ud800' }],
    ['too long a user', { ...GOOD, sub: 'x'.repeat(129) }],
    ['no grants', { ...GOOD, grants: undefined }],
    ['grants in a list', { ...GOOD, grants: ['doc:*'] }],
    ['an unknown role', { ...GOOD, grants: { 'doc:*': 'owner' } }],
    ['an inherited name for a role', { ...GOOD, grants: { 'doc:*': 'constructor' } }],
    ['a pattern that is none', { ...GOOD, grants: { '*': 'admin' } }],
    ['a pattern with half a wildcard', { ...GOOD, grants: { '*:7': 'admin' } }],
    ['a pattern with white space', { ...GOOD, grants: { 'doc:a b': 'read' } }],
    ['a pattern named constructor', { ...GOOD, grants: { constructor: 'admin' } }],
    [
      'too many grants',
      { ...GOOD, grants: Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [`doc:${i}`, 'read'])) },
    ],
  ])('[ACC5] has %s', (_, claims) => {
    const withoutUndefined = JSON.parse(JSON.stringify(claims)) as object
    const error = refused(sign(withoutUndefined))
    expect(error.code).toBe('token-invalid')
    expect(error.message.length).toBeLessThan(300)
  })

  it('[ACC1] expires beyond what a date can hold, or says so in words', () => {
    const header = { alg: 'HS256', typ: 'JWT' }
    for (const exp of ['"2031-01-01"', '1e300', '-1', 'null']) {
      const text = JSON.stringify({ ...GOOD, exp: 0 }).replace('"exp":0', `"exp":${exp}`)
      const part = (value: string) => Buffer.from(value).toString('base64url')
      const token = hmacToken(part(JSON.stringify(header)), part(text), SECRET)
      expect(refused(token).code, exp).toMatch(/^token-(invalid|expired)$/)
    }
  })

  it('[ACC6] has expired, with 30 s of leeway and not one more', () => {
    const token = sign({ ...GOOD, exp: SECONDS })
    expect(verifyToken(KEY, token, NOW + 29_000).expiresAt).toBe(NOW + 30_000)
    expect(refused(token, KEY, NOW + 30_000).code).toBe('token-expired')
    expect(refused(token, KEY, NOW + 30_000).retryable).toBe(true)
  })

  it('[ACC1] names critical extensions', () => {
    const header = { alg: 'HS256' as const, typ: 'JWT', crit: ['b64'], b64: false }
    const token = jwt.sign(GOOD, SECRET, { header: header as jwt.JwtHeader, noTimestamp: true })
    expect(refused(token).code).toBe('token-invalid')
  })

  it('[ACC5] is rubbish, and is never quoted back', () => {
    const secretPart = 'hunter2hunter2'
    const part = (text: string) => Buffer.from(text).toString('base64url')
    const rubbish = [
      secretPart,
      `${secretPart}.${secretPart}.${secretPart}`,
      `${part('{"alg":"HS256","typ":"JWT"}')}.${part(`${secretPart}{`)}.AAAA`,
      `${part(`{"alg":"${secretPart}"}`)}.${part('{}')}.AAAA`,
      `${part('[]')}.${part('null')}.AAAA`,
      'a.b',
      '..',
      '\u0000',
      'x'.repeat(2_000_000),
    ]
    for (const token of rubbish) {
      const error = refused(token)
      expect(error.code).toBe('token-invalid')
      expect(`${error.message} ${error.detail} ${String(error.cause)}`).not.toContain(secretPart)
      expect(error.message.length).toBeLessThan(200)
    }
  })
})

describe('signToken', () => {
  it('[ACC5] does not sign what would be refused', () => {
    const bad = () => signToken(SECRET, { user: { id: '' }, grants: {} })
    expect(bad).toThrow(expect.objectContaining({ code: 'request-invalid' }))
  })
})

/** An HS256 token under any secret: jsonwebtoken refuses to sign with a PEM. */
function hmacToken(header: string, claims: string, secret: string): string {
  const signature = createHmac('sha256', secret).update(`${header}.${claims}`).digest('base64url')
  return `${header}.${claims}.${signature}`
}
