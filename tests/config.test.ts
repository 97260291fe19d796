import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { ConfigError, readConfig } from '../server/config.ts'

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

const SECRET = randomBytes(48).toString('base64')

it('[CFG3] an empty environment is a development server on loopback with a database of its own', () => {
  const config = readConfig({})
  expect(config).toMatchObject({
    host: '127.0.0.1',
    port: 1234,
    allowedOrigins: [],
    tokens: { mode: 'development' },
  })
  expect(config.storage).toEqual({ kind: 'embedded', dataDir: resolve('data') })
  expect(readConfig({ PORT: '', DATABASE_URL: '' }).port).toBe(1234)
})

it('[CFG3] the development secret is new each time', () => {
  expect(readConfig({}).tokens).not.toEqual(readConfig({}).tokens)
})

it('[CFG1] a configuration cannot be changed', () => {
  expect(Object.isFrozen(readConfig({}))).toBe(true)
})

it('[CFG1] every wrong key is named at once', () => {
  const problems = problemsOf({
    PORT: '70000',
    DATABASE_URL: 'mysql://localhost/notes',
    REDIS_URL: 'http://:secret@localhost',
    JWT_SECRET: 'short',
    JWKS_URL: 'http://keys.example',
    JWT_ISSUER: 'x'.repeat(1001),
    AUTHORIZE_URL: 'https://ada:hunter2@app.example/authorize',
    AUTHORIZE_SECRET: 'short',
    ROOM_KINDS: 'doc, Doc',
    ALLOWED_ORIGINS: 'https://app.example, app.example/path',
    LOG_LEVEL: 'loud',
    METRICS_TOKEN: 'short',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'grpc://collector',
    MAX_QUEUE_BYTES: '-1',
    MAX_FRAME_BYTES: '1e9',
    STOP_SECONDS: '0',
    MAX_ROOMS_PER_SOCKET: '0',
    TRUSTED_PROXIES: '10.0.0.0/8, proxy.example',
  })
  const named = [
    'PORT',
    'DATABASE_URL',
    'REDIS_URL',
    'JWT_SECRET',
    'JWKS_URL',
    'JWT_ISSUER',
    'AUTHORIZE_URL',
    'AUTHORIZE_SECRET',
    'ROOM_KINDS',
    'ALLOWED_ORIGINS',
    'LOG_LEVEL',
    'METRICS_TOKEN',
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    'MAX_QUEUE_BYTES',
    'MAX_FRAME_BYTES',
    'STOP_SECONDS',
    'MAX_ROOMS_PER_SOCKET',
    'TRUSTED_PROXIES',
  ]
  for (const key of named)
    expect(
      problems.filter((problem) => problem.startsWith(`${key} `)),
      key,
    ).not.toHaveLength(0)
  expect(new ConfigError(problems).message).toContain('PORT must be at most 65535')
})

it.each(['10.0.0.0/33', '2001:db8::/129', '10.0.0.0/8/8', '10.0.0', '10.0.0.0/', '*', '10.0.0.0/-1'])(
  '[CFG1] %s is no proxy',
  (range) => {
    expect(problemsOf({ TRUSTED_PROXIES: range })).toEqual([expect.stringMatching(/^TRUSTED_PROXIES /)])
  },
)

it('[CFG1] a wrong public key is named together with the rest', () => {
  const problems = problemsOf({ PORT: 'x', JWT_PUBLIC_KEY: 'not a key' })
  expect(problems).toHaveLength(2)
})

it.each([
  'postgres://ada@db:5432/notes',
  'postgresql://db/notes',
  'postgres://ada@/notes?host=/run/postgresql',
  'postgres:///notes?host=/run/postgresql',
])('[CFG1] %s is an address of Postgres', (url) => {
  expect(readConfig({ DATABASE_URL: url }).storage).toEqual({ kind: 'url', url })
})

it.each(['notes', 'http://db/notes', 'postgres', '//db/notes'])(
  '[CFG1] %s is not an address of Postgres',
  (url) => {
    expect(problemsOf({ DATABASE_URL: url })).toEqual(['DATABASE_URL must be a postgres:// address'])
  },
)

it('[CFG2] a weak secret is refused', () => {
  expect(problemsOf({ JWT_SECRET: 'x'.repeat(31) })).not.toHaveLength(0)
  expect(problemsOf({ JWT_SECRET: 'secret'.repeat(10) })).toEqual([
    expect.stringMatching(/^JWT_SECRET is too regular/),
  ])
  expect(problemsOf({ JWT_SECRET: SECRET })).toEqual([])
})

it('[CFG2] a refusal does not repeat the secret', () => {
  expect(problemsOf({ JWT_SECRET: 'hunter2' }).join()).not.toContain('hunter2')
  expect(problemsOf({ DATABASE_URL: 'mysql://ada:hunter2@db' }).join()).not.toContain('hunter2')
})

it.each(['0.0.0.0', '::', '192.168.1.5', 'example.com', '127.example.com', '::ffff:10.0.0.1'])(
  '[CFG3] development mode is refused on %s, and a secret allows it',
  (HOST) => {
    expect(problemsOf({ HOST })).toEqual([expect.stringMatching(/^HOST .* is reachable by others/)])
    expect(problemsOf({ HOST, JWT_SECRET: SECRET })).toEqual([])
  },
)

it.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost'])(
  '[CFG3] development mode is allowed on %s',
  (HOST) => {
    expect(problemsOf({ HOST })).toEqual([])
  },
)

const pem = { type: 'spki', format: 'pem' } as const
const pkcs8 = { type: 'pkcs8', format: 'pem' } as const
const rsa = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: pem,
  privateKeyEncoding: pkcs8,
})
const p256 = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: pem,
  privateKeyEncoding: pkcs8,
})

it('[ACC1] a public key has one algorithm, and it is the key that decides', () => {
  expect(readConfig({ JWT_PUBLIC_KEY: rsa.publicKey }).tokens).toMatchObject({ algorithm: 'RS256' })
  expect(readConfig({ JWT_PUBLIC_KEY: p256.publicKey }).tokens).toMatchObject({ algorithm: 'ES256' })
})

it('[ACC1] a private key, a short key and another curve are refused as a public key', () => {
  const short = generateKeyPairSync('rsa', {
    modulusLength: 1024,
    publicKeyEncoding: pem,
    privateKeyEncoding: pkcs8,
  })
  const p384 = generateKeyPairSync('ec', {
    namedCurve: 'P-384',
    publicKeyEncoding: pem,
    privateKeyEncoding: pkcs8,
  })
  for (const key of [rsa.privateKey, p256.privateKey, short.publicKey, p384.publicKey]) {
    expect(problemsOf({ JWT_PUBLIC_KEY: key })).toEqual([expect.stringMatching(/^JWT_PUBLIC_KEY must be/)])
  }
})

it('[ACC1] a secret and a public key exclude each other', () => {
  expect(problemsOf({ JWT_SECRET: SECRET, JWT_PUBLIC_KEY: rsa.publicKey })).toEqual([
    'JWT_SECRET and JWT_PUBLIC_KEY exclude each other',
  ])
})

it('[ACC1] a key set excludes the other keys, and is a key as far as development mode goes', () => {
  const JWKS_URL = 'https://keys.example/jwks.json'
  expect(readConfig({ JWKS_URL, HOST: '0.0.0.0' }).tokens).toEqual({ mode: 'jwks', url: JWKS_URL })
  expect(problemsOf({ JWKS_URL, JWT_SECRET: SECRET, JWT_PUBLIC_KEY: rsa.publicKey })).toEqual([
    'JWT_SECRET and JWT_PUBLIC_KEY and JWKS_URL exclude each other',
  ])
})

it.each(['JWKS_URL', 'AUTHORIZE_URL'])('[CFG5] %s is asked over TLS, or on this machine', (key) => {
  for (const url of [
    'https://app.example/x',
    'http://127.0.0.1:8080/x',
    'http://[::1]/x',
    'http://localhost/x',
  ]) {
    expect(problemsOf({ [key]: url }), url).toEqual([])
  }
  const wrong = [
    'http://app.example/x',
    'http://127.example.com/x',
    'http://localhost.example/x',
    'https://ada:pw@app.example/x',
    'ftp://127.0.0.1/x',
    'file:///etc/passwd',
    '//app.example',
    'app',
  ]
  for (const url of wrong)
    expect(problemsOf({ [key]: url }), url).toEqual([expect.stringMatching(`^${key} must be`)])
})

it('[CFG5] the secret of an application that is not asked is a mistake', () => {
  expect(problemsOf({ AUTHORIZE_SECRET: SECRET })).toEqual([
    expect.stringMatching(/^AUTHORIZE_SECRET is sent to/),
  ])
})

it.each(['AUTHORIZE_SECRET', 'METRICS_TOKEN'])(
  '[CFG2] %s is refused where no header could hold it',
  (key) => {
    const env = { AUTHORIZE_URL: 'https://app.example/a' }
    expect(problemsOf({ ...env, [key]: SECRET })).toEqual([])
    const words = `it is ${SECRET}`
    expect(problemsOf({ ...env, [key]: words })).toHaveLength(key === 'AUTHORIZE_SECRET' ? 0 : 1)
    for (const wrong of [`${SECRET}\n`, `${SECRET} `, `${SECRET}€`])
      expect(problemsOf({ ...env, [key]: wrong })).toEqual([
        expect.stringMatching(`^${key} must be (one line of )?ASCII`),
      ])
  },
)

it('[CFG5] kinds of rooms, an issuer and an application are taken as they are given', () => {
  expect(readConfig({})).toMatchObject({ issuer: undefined, application: undefined, roomKinds: undefined })
  const env = {
    JWT_ISSUER: 'https://id.example',
    AUTHORIZE_URL: 'https://app.example/a',
    AUTHORIZE_SECRET: SECRET,
    ROOM_KINDS: 'doc, project',
  }
  expect(readConfig(env)).toMatchObject({
    issuer: 'https://id.example',
    application: { url: 'https://app.example/a', secret: SECRET },
    roomKinds: ['doc', 'project'],
  })
})

it('[CLU20] a stop takes its time where there are other nodes, as far as Redis says, and otherwise none', () => {
  const redis = 'redis://127.0.0.1'
  expect(readConfig({}).drainWithin).toBe(0)
  expect(readConfig({ REDIS_URL: redis }).drainWithin).toBe(10_000)
  expect(readConfig({ REDIS_URL: redis, DRAIN_SECONDS: '0' }).drainWithin).toBe(0)
  expect(readConfig({ DRAIN_SECONDS: '30' }).drainWithin).toBe(30_000)
})
