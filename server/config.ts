import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { z } from 'zod'

/** How tokens are verified. In development mode the server also signs them, with a secret of its own. */
export type TokenKey =
  | { readonly mode: 'development'; readonly secret: string }
  | { readonly mode: 'secret'; readonly secret: string }
  | { readonly mode: 'public-key'; readonly publicKey: string; readonly algorithm: 'RS256' | 'ES256' }

/** Where the log is kept: an embedded Postgres in `dataDir`, or somebody else's server. */
export type StorageConfig =
  | { readonly kind: 'embedded'; readonly dataDir: string }
  | { readonly kind: 'url'; readonly url: string }

export interface Config {
  readonly host: string
  readonly port: number
  readonly storage: StorageConfig
  readonly tokens: TokenKey
  /** Origins that a browser may connect from, beside the server's own; `*` for any. */
  readonly allowedOrigins: readonly string[]
  /** Whether the studio is built at start and served; the API and the WebSocket work without it. */
  readonly studio: boolean
  readonly logLevel: string
  /** Edits that may wait in memory while the database is away, in bytes. */
  readonly maxQueueBytes: number
  /** The largest WebSocket message taken, in bytes. */
  readonly maxFrameBytes: number
  /** How long a clean stop may wait for the database, in ms. */
  readonly stopWithin: number
  /** The largest document, encoded, in bytes; past it only deletions are taken. */
  readonly maxDocumentBytes: number
}

/** Every wrong key at once, one line each: `main.ts` prints them and exits with 78 (EX_CONFIG). */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`Configuration is wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

const MIB = 1024 * 1024

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))

/** With an empty host too (`postgres://user@/name?host=/run/postgresql`), which Postgres takes and URL does not. */
const postgresUrl = z.string().refine((value) => {
  const url = URL.parse(value.replace(/^([a-z]+:\/\/[^/]*@)\//, '$1localhost/'))
  return url !== null && (url.protocol === 'postgres:' || url.protocol === 'postgresql:')
}, 'must be a postgres:// address')

/** HS256 is as strong as its secret: RFC 7518 3.2 asks for at least the hash's 256 bits. */
const secret = z
  .string()
  .refine(
    (value) => Buffer.byteLength(value) >= 32,
    'must be at least 32 bytes; try: openssl rand -base64 48',
  )
  .refine((value) => new Set(value).size >= 10, 'is too regular to be a secret; try: openssl rand -base64 48')

const origins = z.string().transform((value, context) => {
  const list = value.split(',').map((part) => part.trim())
  for (const origin of list) {
    if (origin === '*' || URL.parse(origin)?.origin === origin) continue
    context.addIssue({ code: 'custom', message: `"${origin}" is not an origin such as https://app.example` })
  }
  return list
})

const environment = z.object({
  PORT: integer(0, 65535).default(1234),
  HOST: z.string().min(1).default('127.0.0.1'),
  DATA_DIR: z.string().min(1).default('./data'),
  DATABASE_URL: postgresUrl.optional(),
  REDIS_URL: z.undefined({ error: 'is not supported yet: this version runs as one node' }).optional(),
  JWT_SECRET: secret.optional(),
  JWT_PUBLIC_KEY: z.string().optional(),
  JWKS_URL: z.undefined({ error: 'is not supported yet: use JWT_PUBLIC_KEY' }).optional(),
  ALLOWED_ORIGINS: origins.default([]),
  STUDIO: z.enum(['on', 'off']).default('on'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  MAX_QUEUE_BYTES: integer(MIB, 4096 * MIB).default(64 * MIB),
  MAX_FRAME_BYTES: integer(64 * 1024, 256 * MIB).default(16 * MIB),
  STOP_SECONDS: integer(1, 600).default(20),
  MAX_DOCUMENT_BYTES: integer(64 * 1024, 1024 * MIB).default(64 * MIB),
})

/**
 * Reads the environment once. Empty values count as absent.
 * @throws ConfigError naming every wrong key.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const present = Object.fromEntries(
    Object.entries(env).filter(([, value]) => value !== undefined && value !== ''),
  )
  const parsed = environment.safeParse(present)
  const problems = parsed.success
    ? []
    : parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)
  const tokens = readTokenKey(present, problems)
  if (parsed.success && tokens?.mode === 'development' && !isLoopback(parsed.data.HOST)) {
    problems.push(
      `HOST ${parsed.data.HOST} is reachable by others: set JWT_SECRET or JWT_PUBLIC_KEY, or keep to 127.0.0.1`,
    )
  }
  if (!parsed.success || tokens === undefined || problems.length > 0) throw new ConfigError(problems)
  const { data } = parsed
  const storage: StorageConfig =
    data.DATABASE_URL === undefined
      ? { kind: 'embedded', dataDir: resolve(data.DATA_DIR) }
      : { kind: 'url', url: data.DATABASE_URL }
  return Object.freeze({
    host: data.HOST,
    port: data.PORT,
    storage,
    tokens,
    allowedOrigins: data.ALLOWED_ORIGINS,
    studio: data.STUDIO === 'on',
    logLevel: data.LOG_LEVEL,
    maxQueueBytes: data.MAX_QUEUE_BYTES,
    maxFrameBytes: data.MAX_FRAME_BYTES,
    stopWithin: data.STOP_SECONDS * 1000,
    maxDocumentBytes: data.MAX_DOCUMENT_BYTES,
  })
}

function readTokenKey(
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): TokenKey | undefined {
  const { JWT_SECRET: key, JWT_PUBLIC_KEY: pem } = env
  if (key !== undefined && pem !== undefined) {
    problems.push('JWT_SECRET and JWT_PUBLIC_KEY exclude each other')
    return undefined
  }
  if (key !== undefined) return { mode: 'secret', secret: key }
  if (pem === undefined) return { mode: 'development', secret: randomBytes(48).toString('base64') }
  const algorithm = publicKeyAlgorithm(pem)
  if (algorithm === undefined) {
    problems.push('JWT_PUBLIC_KEY must be a public RSA (2048 bits or more) or P-256 key in PEM')
    return undefined
  }
  return { mode: 'public-key', publicKey: pem, algorithm }
}

/** The one algorithm that a key is for, so that a token can never choose another. */
function publicKeyAlgorithm(pem: string): 'RS256' | 'ES256' | undefined {
  try {
    if (isPrivateKey(pem)) return undefined
    const key = createPublicKey(pem)
    const details = key.asymmetricKeyDetails
    if (key.asymmetricKeyType === 'rsa' && (details?.modulusLength ?? 0) >= 2048) return 'RS256'
    if (key.asymmetricKeyType === 'ec' && details?.namedCurve === 'prime256v1') return 'ES256'
    return undefined
  } catch {
    return undefined
  }
}

/** `createPublicKey` takes a private key too and derives the public one; a server must not be given it. */
function isPrivateKey(pem: string): boolean {
  try {
    createPrivateKey(pem)
    return true
  } catch {
    return false
  }
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
