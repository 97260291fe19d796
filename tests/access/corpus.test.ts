import { createHmac, createPublicKey, createSecretKey, randomBytes, sign as signBytes } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { pino } from 'pino'
import { beforeAll, describe, expect, it } from 'vitest'
import { createVerifier, type Verify } from '../../server/access/verifier.ts'
import { ERRORS, type SynclineError } from '../../server/errors.ts'
import { claims, ecSigner, now, rsaSigner, type Signer } from './keys.ts'
import { startService } from './service.ts'

const SECRET = randomBytes(48).toString('base64')
const logger = pino({ level: 'silent' })
const encode = (text: string | Buffer): string => Buffer.from(text).toString('base64url')

let rsa: Signer
let ec: Signer
beforeAll(() => {
  rsa = rsaSigner('rsa-1')
  ec = ecSigner('ec-1')
})

/** A signer of whatever bytes, in one of the ways that a server may be configured for. */
interface Way {
  readonly verify: Verify
  readonly algorithm: string
  readonly kid?: string
  signature(input: string): Buffer
}

const pem = (signer: Signer): string =>
  createPublicKey(signer.privateKey).export({ type: 'spki', format: 'pem' }).toString()
const rsaSignature = (input: string): Buffer => signBytes('sha256', Buffer.from(input), rsa.privateKey)
const ecSignature = (input: string): Buffer =>
  signBytes('sha256', Buffer.from(input), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' })

const WAYS: Readonly<Record<string, () => Promise<Way>>> = {
  'a secret': async () => ({
    verify: createVerifier({ mode: 'secret', secret: SECRET }, {}, logger),
    algorithm: 'HS256',
    signature: (input) => createHmac('sha256', SECRET).update(input).digest(),
  }),
  'an RSA key': async () => ({
    verify: createVerifier({ mode: 'public-key', publicKey: pem(rsa), algorithm: 'RS256' }, {}, logger),
    algorithm: 'RS256',
    signature: rsaSignature,
  }),
  'an EC key': async () => ({
    verify: createVerifier({ mode: 'public-key', publicKey: pem(ec), algorithm: 'ES256' }, {}, logger),
    algorithm: 'ES256',
    signature: ecSignature,
  }),
  'a key set': async () => {
    const service = await startService(() => ({ keys: [rsa.jwk, ec.jwk] }))
    const verify = createVerifier({ mode: 'jwks', url: service.url }, {}, logger)
    return { verify, algorithm: 'RS256', kid: 'rsa-1', signature: rsaSignature }
  },
}

type Forge = (way: Way) => string

const header = (way: Way, over: object = {}): string =>
  JSON.stringify({ alg: way.algorithm, typ: 'JWT', ...(way.kid !== undefined && { kid: way.kid }), ...over })

/** Signed as it should be, whatever it says. */
function sealed(way: Way, payload: string | Buffer, head = header(way)): string {
  const input = `${encode(head)}.${encode(payload)}`
  return `${input}.${encode(way.signature(input))}`
}

/** Well signed claims with one of them put in as JSON text. */
const saying =
  (name: string, json: string): Forge =>
  (way) => {
    const text = JSON.stringify({ ...claims(), [name]: '@' }).replace('"@"', json)
    return sealed(way, text)
  }

const unsigned =
  (alg: string, signature = ''): Forge =>
  (way) =>
    `${encode(header(way, { alg }))}.${encode(JSON.stringify(claims()))}.${signature}`

const hmac = (way: Way, key: string | Buffer, over: object = {}): string => {
  const input = `${encode(header(way, { alg: 'HS256', ...over }))}.${encode(JSON.stringify(claims()))}`
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
}

const REFUSED: Readonly<Record<string, Forge>> = {
  ...Object.fromEntries(
    [
      'none',
      'None',
      'NONE',
      'nOnE',
      'none ',
      '',
      'null',
      'HS256\u0000',
      'hs256',
      'HS1',
      'dir',
      'A128KW',
      'EdDSA',
      'ES256K',
    ].flatMap((alg) => [
      [`alg ${JSON.stringify(alg)}, unsigned`, unsigned(alg)],
      [`alg ${JSON.stringify(alg)}, signed with nothing`, unsigned(alg, 'AA')],
    ]),
  ),
  'alg that is no text': (way) =>
    sealed(way, JSON.stringify(claims()), header(way, { alg: ['RS256', 'HS256'] })),
  'no alg': (way) => sealed(way, JSON.stringify(claims()), header(way, { alg: undefined })),
  'no signature': (way) => sealed(way, JSON.stringify(claims())).replace(/[^.]*$/, ''),
  'two dots more': (way) => `${sealed(way, JSON.stringify(claims()))}..`,
  'the public RSA key as an HMAC secret': (way) =>
    hmac(way, pem(rsa), way.kid === undefined ? {} : { kid: 'rsa-1' }),
  'the public EC key as an HMAC secret': (way) =>
    hmac(way, pem(ec), way.kid === undefined ? {} : { kid: 'ec-1' }),
  'the DER of the public key as an HMAC secret': (way) =>
    hmac(way, createPublicKey(rsa.privateKey).export({ type: 'spki', format: 'der' })),
  'an empty HMAC secret': (way) => hmac(way, ''),
  'HS384 under the same secret': () => jwt.sign(claims(), SECRET, { algorithm: 'HS384' }),
  RS384: () => jwt.sign(claims(), rsa.privateKey, { algorithm: 'RS384', keyid: 'rsa-1' }),
  PS256: () => jwt.sign(claims(), rsa.privateKey, { algorithm: 'PS256', keyid: 'rsa-1' }),
  'ES256 on another curve': () => ecSigner('ec-1', 'secp256k1').sign(),
  ES384: () => ecSigner('ec-1', 'P-384', 'ES384').sign(),
  'a signature of zeros': (way) =>
    `${encode(header(way))}.${encode(JSON.stringify(claims()))}.${encode(Buffer.alloc(64))}`,
  'an ES256 signature of zeros': unsigned('ES256', encode(Buffer.alloc(64))),
  'a key of its own in jwk': (way) => {
    const own = rsaSigner('own')
    return own.sign(claims(), { kid: way.kid, jwk: own.jwk })
  },
  'a key set of its own in jku': (way) =>
    rsaSigner('own').sign(claims(), { kid: way.kid, jku: 'https://evil.example/keys' }),
  'a certificate of its own in x5c and x5u': (way) =>
    rsaSigner('own').sign(claims(), { kid: way.kid, x5c: ['AA=='], x5u: 'https://evil.example/x' }),
  crit: (way) => sealed(way, JSON.stringify(claims()), header(way, { crit: ['exp'] })),
  'crit with b64': (way) => sealed(way, JSON.stringify(claims()), header(way, { crit: ['b64'], b64: false })),
  'an empty crit': (way) => sealed(way, JSON.stringify(claims()), header(way, { crit: [] })),
  'exp in text': saying('exp', '"2100-01-01"'),
  'exp in digits, in text': saying('exp', `"${now() + 600}"`),
  'a negative exp': saying('exp', '-1'),
  'exp of zero': saying('exp', '0'),
  'exp of null': saying('exp', 'null'),
  'exp beyond all dates': saying('exp', '1e300'),
  'exp beyond all numbers': saying('exp', '1e999'),
  'exp in a list': saying('exp', `[${now() + 600}]`),
  'exp of true': saying('exp', 'true'),
  'exp in milliseconds': saying('exp', `${Date.now() * 1000}`),
  expired: saying('exp', `${now() - 31}`),
  'nbf in the future': saying('nbf', `${now() + 60}`),
  'nbf in text': saying('nbf', '"0"'),
  'iat in the future': saying('iat', `${now() + 60}`),
  'iat in text': saying('iat', '"now"'),
  'a negative iat': saying('iat', '-1'),
  'aud of another': saying('aud', '"billing"'),
  'aud in capitals': saying('aud', '"Syncline"'),
  'aud with a space': saying('aud', '"syncline "'),
  'aud of several others': saying('aud', '["billing", "sync", "line"]'),
  'aud of nobody': saying('aud', '[]'),
  'aud in an object': saying('aud', '{"syncline": true}'),
  'aud in a nested list': saying('aud', '[["syncline"]]'),
  'aud that ends in a NUL': saying('aud', '"syncline\\u0000"'),
  'sub that is a number': saying('sub', '7'),
  'sub with a NUL': saying('sub', '"ada\\u0000"'),
  'sub with a line break': saying('sub', '"ada\\nadmin"'),
  'sub in a list': saying('sub', '["ada"]'),
  'sub named twice, the last being nobody': (way) =>
    sealed(way, JSON.stringify(claims()).replace('"sub":"ada"', '"sub":"ada","sub":""')),
  'grants in text': saying('grants', '"admin"'),
  'grants of a list': saying('grants', '[["doc:*", "admin"]]'),
  'a role in a list': saying('grants', '{"doc:*": ["admin"]}'),
  'a name that is an object': saying('name', '{"toString": 1}'),
  'a payload of null': (way) => sealed(way, 'null'),
  'a payload of a list': (way) => sealed(way, '[]'),
  'a payload of text': (way) => sealed(way, '"ada"'),
  'a payload of nothing': (way) => sealed(way, ''),
  'a payload that ends too soon': (way) => sealed(way, JSON.stringify(claims()).slice(0, -1)),
  'a payload of random bytes': (way) => sealed(way, randomBytes(200)),
  'a payload nested 100,000 deep': (way) => sealed(way, '['.repeat(100_000)),
  'a header of null': (way) => sealed(way, JSON.stringify(claims()), 'null'),
  'a header of nothing': (way) => sealed(way, JSON.stringify(claims()), ''),
  'a header of random bytes': (way) =>
    `${encode(randomBytes(100))}.${encode(JSON.stringify(claims()))}.${encode(way.signature('x'))}`,
  'five parts, as encrypted tokens have': () => `${encode('{"alg":"dir","enc":"A256GCM"}')}..AA.AA.AA`,
  'NUL bytes around it': (way) => `\u0000${sealed(way, JSON.stringify(claims()))}\u0000`,
  'a NUL byte within': (way) => sealed(way, JSON.stringify(claims())).replace('.', '.\u0000'),
  'a line break within': (way) => sealed(way, JSON.stringify(claims())).replace('.', '.\r\n'),
  'more than 1 MB': (way) => sealed(way, JSON.stringify(claims({ padding: 'x'.repeat(800_000) }))),
  'exactly 1 MB of nothing': () => 'x'.repeat(1024 * 1024),
  dots: () => '.'.repeat(100_000),
  'a key that is not known': () => rsaSigner('rsa-2').sign(),
  'another key’s signature': (way) => rsaSigner('rsa-1').sign(claims(), { kid: way.kid }),
}

/** Not bad, only unusual: each is one step from a row above, and shows that it is refused for the reason it names. */
const TAKEN: Readonly<Record<string, Forge>> = {
  'as it should be': (way) => sealed(way, JSON.stringify(claims())),
  'aud of several': saying('aud', '["billing", "syncline"]'),
  'an exp of half a second': saying('exp', `${now() + 600}.5`),
  'expired within the leeway': saying('exp', `${now() - 20}`),
  'nbf within the leeway': saying('nbf', `${now() + 20}`),
  'claims that nobody asked for': saying('admin', 'true'),
  'a header that nobody asked for': (way) =>
    sealed(way, JSON.stringify(claims()), header(way, { jku: 'https://x', zip: 'DEF' })),
  'sub named twice, the last being ada': (way) =>
    sealed(way, JSON.stringify(claims()).replace('"sub":"ada"', '"sub":"eve","sub":"ada"')),
  'almost 1 MB': (way) => sealed(way, JSON.stringify(claims({ padding: 'x'.repeat(780_000) }))),
}

describe.each(Object.entries(WAYS))('tokens verified with %s', (_, makeWay) => {
  it(`[ACC26] none of ${Object.keys(REFUSED).length} crafted tokens is taken, and none is quoted`, async () => {
    const way = await makeWay()
    for (const [name, forge] of Object.entries(REFUSED)) {
      const token = forge(way)
      const before = process.cpuUsage()
      const error = await refusal(way.verify, token)
      expect(error?.code, name).toMatch(/^token-(invalid|expired)$/)
      const { user, system } = process.cpuUsage(before)
      expect((user + system) / 1_000, name).toBeLessThan(500)
      expect(error?.message.length, name).toBeLessThan(300)
      const parts = token.split('.').filter((part) => part.length > 8)
      for (const part of parts)
        expect(`${error?.message} ${error?.detail} ${String(error?.cause)}`).not.toContain(part)
    }
  })

  it('[ACC26] has a control: what differs only in what is allowed is taken', async () => {
    const way = await makeWay()
    for (const [name, forge] of Object.entries(TAKEN)) {
      const identity = await way.verify(forge(way))
      expect(identity.user, name).toBe('ada')
      expect(identity.grants, name).toEqual({ 'doc:*': 'write' })
    }
  })
})

it('[ACC26] has a control: with the algorithm left to the token, the public key does for a secret', () => {
  const key = pem(rsa)
  const input = `${encode('{"alg":"HS256"}')}.${encode(JSON.stringify(claims()))}`
  const token = `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`
  expect(jwt.verify(token, createSecretKey(Buffer.from(key)))).toMatchObject({ sub: 'ada' })
})

async function refusal(verify: Verify, token: string): Promise<SynclineError | undefined> {
  try {
    await verify(token)
  } catch (error) {
    expect(Object.keys(ERRORS)).toContain((error as SynclineError).code)
    return error as SynclineError
  }
  return undefined
}
