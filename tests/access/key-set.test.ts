import { createPublicKey } from 'node:crypto'
import jwksRsa from 'jwks-rsa'
import { pino } from 'pino'
import { beforeAll, describe, expect, it } from 'vitest'
import { KeySet } from '../../server/access/key-set.ts'
import { createVerifier, type Verify } from '../../server/access/verifier.ts'
import type { SynclineError } from '../../server/errors.ts'
import { claims, ecSigner, now, rsaSigner, type Signer } from './keys.ts'
import { FAILURES, type Service, startService } from './service.ts'

const logger = pino({ level: 'silent' })
const MINUTE = 60_000

let rsa: Signer
let ec: Signer
beforeAll(() => {
  rsa = rsaSigner('rsa-1')
  ec = ecSigner('ec-1')
})

const verifierOf = (service: Service, issuer?: string): Verify =>
  createVerifier({ mode: 'jwks', url: service.url }, { issuer }, logger)

const keySet = (...keys: readonly object[]) => startService(() => ({ keys }))

async function codeOf(verified: () => unknown): Promise<string> {
  try {
    await verified()
    return 'taken'
  } catch (error) {
    return (error as SynclineError).code
  }
}

/** A key set whose clock the test turns. */
async function clocked(service: Service) {
  const clock = { now: 1e12 }
  const keys = new KeySet({ url: service.url, logger, now: () => clock.now })
  return {
    clock,
    codeOf: (kid: string) => codeOf(() => keys.key(kid)),
    requests: () => service.received.length,
  }
}

describe('a key of a set', () => {
  it('[ACC21] verifies tokens of its own algorithm, RS256 or ES256', async () => {
    const service = await keySet(rsa.jwk, ec.jwk)
    const verify = verifierOf(service)
    expect(await verify(rsa.sign())).toMatchObject({ user: 'ada' })
    expect(await verify(ec.sign())).toMatchObject({ user: 'ada' })
    expect(service.received).toHaveLength(1)
    expect(service.received[0]?.headers.authorization).toBeUndefined()
  })

  it('[ACC21] is asked at once, with no promise in between, where it is known', async () => {
    const verify = verifierOf(await keySet(rsa.jwk))
    await verify(rsa.sign())
    expect(verify(rsa.sign())).not.toBeInstanceOf(Promise)
  })

  it('[ACC21] is left out where it is weak, on another curve, for encryption or for another algorithm', async () => {
    const short = rsaSigner('short', 1024)
    const p384 = ecSigner('p384', 'P-384', 'ES384')
    const k256 = ecSigner('k256', 'secp256k1', 'ES256')
    const encrypts = rsaSigner('encrypts')
    const other = rsaSigner('other')
    const key = createPublicKey(rsa.privateKey).export({ format: 'jwk' })
    const wrong = [
      short.jwk,
      p384.jwk,
      k256.jwk,
      { ...encrypts.jwk, use: 'enc' },
      { ...other.jwk, alg: 'RS512' },
      { ...key, kid: 'pss', alg: 'PS256' },
      { ...key, kid: 'oaep', alg: 'RSA-OAEP' },
      { ...key, kid: 'crossed', alg: 'ES256' },
      { ...key, kid: 'hmac', alg: 'HS256' },
      { ...key, kid: 'operations', key_ops: ['encrypt'] },
      {
        kty: 'oct',
        k: Buffer.from('a secret of a set is public').toString('base64url'),
        kid: 'oct',
        alg: 'HS256',
      },
      { ...rsa.privateKey.export({ format: 'jwk' }), kid: 'private' },
      { kty: 'RSA', kid: 'broken', n: '!', e: 7 },
      null,
      'key',
    ]
    const verify = verifierOf(await startService(() => ({ keys: [...wrong, ec.jwk] })))
    expect(await codeOf(() => verify(ec.sign()))).toBe('taken')
    for (const signer of [short, p384, k256, encrypts, other]) {
      expect(await codeOf(() => verify(signer.sign())), signer.kid).toBe('token-invalid')
    }
    for (const kid of ['pss', 'oaep', 'crossed', 'hmac', 'operations', 'oct', 'private', 'broken']) {
      expect(await codeOf(() => verify(rsa.sign(claims(), { kid }))), kid).toBe('token-invalid')
    }
  })

  it('[ACC21] takes no token of another key’s algorithm or signature', async () => {
    const verify = verifierOf(await keySet(rsa.jwk, ec.jwk))
    await verify(rsa.sign())
    expect(await codeOf(() => verify(rsa.sign(claims(), { kid: 'ec-1' })))).toBe('token-invalid')
    expect(await codeOf(() => verify(ec.sign(claims(), { kid: 'rsa-1' })))).toBe('token-invalid')
    expect(await codeOf(() => verify(rsaSigner('rsa-1').sign()))).toBe('token-invalid')
    const first = await keySet(rsa.jwk, { ...ec.jwk, kid: 'rsa-1' })
    expect(await codeOf(() => verifierOf(first)(rsa.sign()))).toBe('taken')
  })

  it('[ACC25] goes with the issuer that is configured', async () => {
    const service = await keySet(rsa.jwk)
    const issuer = 'https://id.example'
    const verify = verifierOf(service, issuer)
    expect(await codeOf(() => verify(rsa.sign(claims({ iss: issuer }))))).toBe('taken')
    for (const iss of [undefined, '', 'https://id.example/', [issuer], { issuer }, 'https://evil.example']) {
      expect(
        await codeOf(() => verify(rsa.sign(claims(iss === undefined ? {} : { iss })))),
        String(iss),
      ).toMatch(/^token-invalid$/)
    }
    // The control: without an issuer in the configuration, any is taken.
    expect(await codeOf(() => verifierOf(service)(rsa.sign(claims({ iss: 'https://evil.example' }))))).toBe(
      'taken',
    )
  })
})

describe('a key that the set does not have', () => {
  it('[ACC22] is refused, and costs one request in 5 s whoever invents how many', async () => {
    const service = await keySet(rsa.jwk)
    const { clock, codeOf: ask, requests } = await clocked(service)
    const codes = await Promise.all(Array.from({ length: 500 }, (_, index) => ask(`invented-${index}`)))
    expect(new Set(codes)).toEqual(new Set(['token-invalid']))
    expect(requests()).toBe(1)
    for (let second = 0; second < 60; second++) {
      clock.now += 1_000
      await Promise.all([ask(`again-${second}`), ask('../../etc/passwd'), ask("' or 1=1 --")])
    }
    expect(requests()).toBeLessThanOrEqual(13)
    expect(await ask('rsa-1')).toBe('taken')
  })

  it('[ACC22] names nothing that is looked up anywhere, and must be named in text', async () => {
    const service = await keySet(rsa.jwk)
    const verify = verifierOf(service)
    const kids = [
      '../../key.pem',
      '/dev/null',
      "'; drop table rooms; --",
      '__proto__',
      'constructor',
      'a\u0000b',
      service.url,
    ]
    for (const kid of kids)
      expect(await codeOf(() => verify(rsa.sign(claims(), { kid }))), kid).toBe('token-invalid')
    expect(service.received).toHaveLength(1)
    for (const kid of [undefined, null, '', 7, {}, ['rsa-1'], 'x'.repeat(257)]) {
      expect(await codeOf(() => verify(rsa.sign(claims(), { kid })))).toBe('token-invalid')
    }
    expect(service.received).toHaveLength(1)
    expect(await codeOf(() => verify(rsa.sign()))).toBe('taken')
  })

  it('[ACC22] has a control: jwks-rsa’s own cache and limit let strangers lock out a known key', async () => {
    const service = await keySet(rsa.jwk)
    const stock = new jwksRsa.JwksClient({
      jwksUri: service.url,
      cache: true,
      cacheMaxAge: 50,
      cacheMaxAgeFallback: MINUTE,
      rateLimit: true,
      jwksRequestsPerMinute: 10,
    })
    await stock.getSigningKey('rsa-1')
    await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => stock.getSigningKey(`invented-${index}`)),
    )
    await new Promise((resolve) => setTimeout(resolve, 60))
    await expect(stock.getSigningKey('rsa-1')).rejects.toThrow('Too many requests')
  })
})

describe('rotation', () => {
  it('[ACC23] takes a new key when it is first seen, and no old one ten minutes after it was taken out', async () => {
    const service = await keySet(rsa.jwk)
    const { clock, codeOf: ask, requests } = await clocked(service)
    expect(await ask('rsa-1')).toBe('taken')
    service.answer(() => ({ keys: [ec.jwk] }))
    clock.now += 5_000
    expect(await ask('ec-1')).toBe('taken')
    expect(requests()).toBe(2)
    expect(await ask('rsa-1')).toBe('token-invalid')
    service.answer(() => ({ keys: [rsa.jwk] }))
    clock.now += 10 * MINUTE + 1
    // Known still, and the reason to look: by the next token the set has been had.
    expect(await ask('ec-1')).toBe('taken')
    while (requests() < 3 || (await ask('ec-1')) === 'taken')
      await new Promise((resolve) => setImmediate(resolve))
    expect(await ask('rsa-1')).toBe('taken')
  })
})

describe('while the set cannot be had', () => {
  it.each(Object.entries(FAILURES))(
    '[ACC24] a known key works and an unknown one may be asked again: %s',
    async (_, failure) => {
      const service = await keySet(rsa.jwk)
      const { clock, codeOf: ask, requests } = await clocked(service)
      expect(await ask('rsa-1')).toBe('taken')
      service.answer(failure)
      clock.now += 11 * MINUTE
      expect(await ask('rsa-1')).toBe('taken')
      expect(await ask('ec-1')).toBe('authorization-unavailable')
      const before = requests()
      expect(await ask('ec-2')).toBe('authorization-unavailable')
      expect(requests()).toBe(before)
      clock.now += 23 * 60 * MINUTE
      expect(await ask('rsa-1')).toBe('taken')
      clock.now += 60 * MINUTE
      expect(await ask('rsa-1')).toBe('authorization-unavailable')
      service.answer(() => ({ keys: [ec.jwk, rsa.jwk] }))
      clock.now += 5_000
      expect(await ask('ec-1')).toBe('taken')
      expect(await ask('rsa-1')).toBe('taken')
    },
  )

  it('[ACC24] a set of nothing that can be used is no set', async () => {
    const service = await keySet(rsa.jwk)
    const { clock, codeOf: ask } = await clocked(service)
    expect(await ask('rsa-1')).toBe('taken')
    for (const answer of [
      {},
      { keys: [] },
      { keys: {} },
      [],
      null,
      { keys: [{ kty: 'oct', k: 'AA', kid: 'rsa-1' }] },
    ]) {
      service.answer(() => answer)
      clock.now += 11 * MINUTE
      expect(await ask('rsa-1')).toBe('taken')
      expect(await ask('other')).toBe('authorization-unavailable')
      expect(await ask('rsa-1')).toBe('taken')
    }
  })

  it('[ACC24] an address that never answers is given 3 s, and nobody with a known key waits', async () => {
    const service = await startService(() => undefined)
    const verify = verifierOf(service)
    const from = Date.now()
    expect(await codeOf(() => verify(rsa.sign(claims({ exp: now() + 60 }))))).toBe(
      'authorization-unavailable',
    )
    expect(Date.now() - from).toBeGreaterThan(2_500)
    expect(Date.now() - from).toBeLessThan(4_500)
  })
})
