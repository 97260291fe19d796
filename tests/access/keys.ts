import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import jwt from 'jsonwebtoken'

/** A key pair of whoever signs tokens. */
export interface Signer {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly algorithm: jwt.Algorithm
  /** As a key set lists it. */
  readonly jwk: Readonly<Record<string, unknown>>
  sign(claims?: object, header?: object): string
}

export const now = (): number => Math.floor(Date.now() / 1000)

export const claims = (over: object = {}): object => ({
  sub: 'ada',
  name: 'Ada',
  aud: 'syncline',
  iat: now(),
  exp: now() + 600,
  grants: { 'doc:*': 'write' },
  ...over,
})

export const rsaSigner = (kid: string, modulusLength = 2048): Signer =>
  signer(kid, generateKeyPairSync('rsa', { modulusLength }).privateKey, 'RS256')

export const ecSigner = (kid: string, namedCurve = 'P-256', algorithm: jwt.Algorithm = 'ES256'): Signer =>
  signer(kid, generateKeyPairSync('ec', { namedCurve }).privateKey, algorithm)

function signer(kid: string, privateKey: KeyObject, algorithm: jwt.Algorithm): Signer {
  const publicKey = createPublicKey(privateKey)
  return {
    kid,
    privateKey,
    algorithm,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid },
    sign: (of = claims(), header = {}) =>
      jwt.sign(of, privateKey, {
        algorithm,
        allowInsecureKeySizes: true,
        allowInvalidAsymmetricKeyTypes: true,
        header: { alg: algorithm, kid, ...header },
      }),
  }
}
