import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { z } from 'zod'
import { collector, isLoopback, trustedUrl } from './config/addresses.ts'
import { configFile } from './config/file.ts'
import { type RedisConfig, redisAddress } from './config/redis.ts'
import { type EventDays, eventRetention, type Retention, retention } from './config/retention.ts'
import { integer, networks } from './config/values.ts'
import { type WebhookConfig, webhookConfig, webhookKeys } from './config/webhooks.ts'
import { ROOM_KIND } from './protocol.ts'

/** Of a public key. */
type Algorithm = 'RS256' | 'ES256'

/** The one key that tokens are verified with. In development mode the server also signs them, with a secret of its own. */
export type TokenKey =
  | { readonly mode: 'development'; readonly secret: string }
  | { readonly mode: 'secret'; readonly secret: string }
  | { readonly mode: 'public-key'; readonly publicKey: string; readonly algorithm: Algorithm }

/** How tokens are verified: with one key, or with the keys that an address lists (RFC 7517). */
export type TokenConfig = TokenKey | { readonly mode: 'jwks'; readonly url: string }

/** The application that is asked who may do what in which room. */
export interface ApplicationConfig {
  readonly url: string
  /** What it knows this server by: sent as a Bearer token. */
  readonly secret: string | undefined
}

/** Where the log is kept: an embedded Postgres in `dataDir`, or somebody else's server. */
export type StorageConfig =
  | { readonly kind: 'embedded'; readonly dataDir: string }
  | { readonly kind: 'url'; readonly url: string }

export interface Config {
  readonly host: string
  readonly port: number
  readonly storage: StorageConfig
  /** What carries messages between nodes; one node where it is undefined. */
  readonly redis: RedisConfig | undefined
  readonly tokens: TokenConfig
  /** The `iss` that every token must have; any where it is undefined. */
  readonly issuer: string | undefined
  /** Asked at every join; where it is undefined, a token's grants decide alone. */
  readonly application: ApplicationConfig | undefined
  /** The kinds of which rooms may be created; every kind where it is undefined. */
  readonly roomKinds: readonly string[] | undefined
  /** Origins that a browser may connect from, beside the server's own; `*` for any. */
  readonly allowedOrigins: readonly string[]
  /** Whether the studio is built at start and served; the API and the WebSocket work without it. */
  readonly studio: boolean
  readonly logLevel: string
  /** What metrics are asked for with; where it is undefined, only this machine may ask. */
  readonly metricsToken: string | undefined
  /** The OTLP/HTTP address that traces are sent to; none are made where it is undefined. */
  readonly traces: string | undefined
  /** Edits that may wait in memory while the database is away, in bytes. */
  readonly maxQueueBytes: number
  /** The largest WebSocket message taken, in bytes. */
  readonly maxFrameBytes: number
  readonly retention: Retention
  readonly eventRetention: EventDays
  /** The file with the application's own kinds of rooms, if it has one. */
  readonly configFile: string | undefined
  /** Over how long a stop tells clients to move to another node, in ms; 0 tells all at once. */
  readonly drainWithin: number
  /** How long a clean stop may wait for the database, in ms. */
  readonly stopWithin: number
  /** The largest document, encoded, in bytes; past it only deletions are taken. */
  readonly maxDocumentBytes: number
  readonly limits: Limits
  readonly webhooks: WebhookConfig
  /** Addresses and CIDR ranges of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[]
}

/** What one person, address or WebSocket may take of this node; docs/decisions/limits.md has the reasons. */
export interface Limits {
  readonly roomsPerSocket: number
  readonly socketsPerUser: number
  readonly socketsPerAddress: number
  /** WebSockets that have not shown a valid token yet: in all, and of one address. */
  readonly unauthenticated: number
  readonly unauthenticatedPerAddress: number
  /** Within which they must show one, in ms. */
  readonly authenticateWithin: number
  /** Of one WebSocket; all of one person's together may have `USER_SHARE` times as much. */
  readonly messagesPerSecond: number
  readonly bytesPerSecond: number
  /** Time spent on applying a WebSocket's edits, in ms per second. */
  readonly applyPerSecond: number
  /** Closings of one person's WebSockets for what they sent, in a minute, before they are kept out. */
  readonly faultsPerMinute: number
  /** What may wait to be sent to a reader, in bytes. */
  readonly outboundBytes: number
  /** What may wait for one room of one WebSocket, in messages and bytes. */
  readonly inboundMessages: number
  readonly inboundBytes: number
  /** HTTP requests and upgrades of one address in ten seconds. */
  readonly requestsPerAddress: number
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
const MANY = 1_000_000
/** Where Redis says that there are other nodes to move to. */
const DRAIN_SECONDS = 10

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

const kinds = z.string().transform((value, context) => {
  const list = value.split(',').map((part) => part.trim())
  for (const kind of list.filter((name) => !ROOM_KIND.test(name))) {
    context.addIssue({ code: 'custom', message: `"${kind}" is not a kind of room such as doc` })
  }
  return list
})

const origins = z.string().transform((value, context) => {
  const list = value.split(',').map((part) => part.trim())
  for (const origin of list) {
    if (origin === '*' || URL.parse(origin)?.origin === origin) continue
    context.addIssue({ code: 'custom', message: `"${origin}" is not an origin such as https://app.example` })
  }
  return list
})

/** What stands in a header of HTTP as it is. */
const headerSecret = secret.regex(
  /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/,
  'must be one line of ASCII, with no spaces around it',
)

const environment = z.object({
  PORT: integer(0, 65535).default(1234),
  HOST: z.string().min(1).default('127.0.0.1'),
  DATA_DIR: z.string().min(1).default('./data'),
  DATABASE_URL: postgresUrl.optional(),
  REDIS_URL: redisAddress.optional(),
  JWT_SECRET: secret.optional(),
  JWT_PUBLIC_KEY: z.string().optional(),
  JWKS_URL: trustedUrl.optional(),
  JWT_ISSUER: z.string().max(1000, 'must be at most 1000 characters').optional(),
  AUTHORIZE_URL: trustedUrl.optional(),
  AUTHORIZE_SECRET: headerSecret.optional(),
  ROOM_KINDS: kinds.optional(),
  ALLOWED_ORIGINS: origins.default([]),
  STUDIO: z.enum(['on', 'off']).default('on'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  METRICS_TOKEN: secret.regex(/^[\x21-\x7e]+$/, 'must be ASCII without spaces').optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: collector.optional(),
  MAX_QUEUE_BYTES: integer(MIB, 4096 * MIB).default(64 * MIB),
  MAX_FRAME_BYTES: integer(64 * 1024, 256 * MIB).default(16 * MIB),
  DRAIN_SECONDS: integer(0, 600).optional(),
  STOP_SECONDS: integer(1, 600).default(20),
  MAX_DOCUMENT_BYTES: integer(64 * 1024, 1024 * MIB).default(64 * MIB),
  MAX_ROOMS_PER_SOCKET: integer(1, 10_000).default(100),
  MAX_SOCKETS_PER_USER: integer(1, MANY).default(100),
  MAX_SOCKETS_PER_ADDRESS: integer(1, MANY).default(1_000),
  MAX_UNAUTHENTICATED: integer(1, MANY).default(1_000),
  MAX_UNAUTHENTICATED_PER_ADDRESS: integer(1, MANY).default(200),
  AUTHENTICATE_WITHIN_MS: integer(100, 60_000).default(5_000),
  MESSAGES_PER_SECOND: integer(1, MANY).default(500),
  BYTES_PER_SECOND: integer(1024, 4096 * MIB).default(2 * MIB),
  APPLY_MS_PER_SECOND: integer(1, 1_000).default(50),
  MAX_OUTBOUND_BYTES: integer(64 * 1024, 4096 * MIB).default(8 * MIB),
  MAX_INBOUND_MESSAGES: integer(10, MANY).default(10_000),
  MAX_INBOUND_BYTES: integer(64 * 1024, 4096 * MIB).default(32 * MIB),
  MAX_FAULTS_PER_MINUTE: integer(1, MANY).default(6),
  MAX_REQUESTS_PER_ADDRESS: integer(1, MANY).default(1_000),
  TRUSTED_PROXIES: networks.default([]),
  ...webhookKeys,
  RETENTION: retention.default({}),
  EVENT_RETENTION: eventRetention.default({}),
  SYNCLINE_CONFIG: z.string().optional(),
})

/** What the environment may say. */
export const ENVIRONMENT_KEYS: readonly string[] = Object.keys(environment.shape)

/** What each key is where the environment does not say; undefined or empty where that is nothing. */
export const ENVIRONMENT_DEFAULTS: Readonly<Record<string, unknown>> = environment.parse({})

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
      `HOST ${parsed.data.HOST} is reachable by others: set JWT_SECRET, JWT_PUBLIC_KEY or JWKS_URL, or keep to 127.0.0.1`,
    )
  }
  if (present.AUTHORIZE_SECRET !== undefined && present.AUTHORIZE_URL === undefined) {
    problems.push('AUTHORIZE_SECRET is sent to AUTHORIZE_URL, which is not set')
  }
  const file = configFile(present.SYNCLINE_CONFIG, problems)
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
    redis: data.REDIS_URL,
    tokens,
    issuer: data.JWT_ISSUER,
    application:
      data.AUTHORIZE_URL === undefined
        ? undefined
        : { url: data.AUTHORIZE_URL, secret: data.AUTHORIZE_SECRET },
    roomKinds: data.ROOM_KINDS,
    allowedOrigins: data.ALLOWED_ORIGINS,
    studio: data.STUDIO === 'on',
    logLevel: data.LOG_LEVEL,
    metricsToken: data.METRICS_TOKEN,
    traces: data.OTEL_EXPORTER_OTLP_ENDPOINT,
    maxQueueBytes: data.MAX_QUEUE_BYTES,
    maxFrameBytes: data.MAX_FRAME_BYTES,
    retention: data.RETENTION,
    eventRetention: data.EVENT_RETENTION,
    configFile: file,
    drainWithin: (data.DRAIN_SECONDS ?? (data.REDIS_URL === undefined ? 0 : DRAIN_SECONDS)) * 1000,
    stopWithin: data.STOP_SECONDS * 1000,
    maxDocumentBytes: data.MAX_DOCUMENT_BYTES,
    limits: Object.freeze({
      roomsPerSocket: data.MAX_ROOMS_PER_SOCKET,
      socketsPerUser: data.MAX_SOCKETS_PER_USER,
      socketsPerAddress: data.MAX_SOCKETS_PER_ADDRESS,
      unauthenticated: data.MAX_UNAUTHENTICATED,
      unauthenticatedPerAddress: data.MAX_UNAUTHENTICATED_PER_ADDRESS,
      authenticateWithin: data.AUTHENTICATE_WITHIN_MS,
      messagesPerSecond: data.MESSAGES_PER_SECOND,
      bytesPerSecond: data.BYTES_PER_SECOND,
      applyPerSecond: data.APPLY_MS_PER_SECOND,
      faultsPerMinute: data.MAX_FAULTS_PER_MINUTE,
      outboundBytes: data.MAX_OUTBOUND_BYTES,
      inboundMessages: data.MAX_INBOUND_MESSAGES,
      inboundBytes: data.MAX_INBOUND_BYTES,
      requestsPerAddress: data.MAX_REQUESTS_PER_ADDRESS,
    }),
    webhooks: webhookConfig(data),
    trustedProxies: data.TRUSTED_PROXIES,
  })
}

const KEY_SOURCES = ['JWT_SECRET', 'JWT_PUBLIC_KEY', 'JWKS_URL'] as const

function readTokenKey(
  env: Readonly<Record<string, string | undefined>>,
  problems: string[],
): TokenConfig | undefined {
  const { JWT_SECRET: key, JWT_PUBLIC_KEY: pem, JWKS_URL: url } = env
  const given = KEY_SOURCES.filter((name) => env[name] !== undefined)
  if (given.length > 1) {
    problems.push(`${given.join(' and ')} exclude each other`)
    return undefined
  }
  if (url !== undefined) return { mode: 'jwks', url }
  if (key !== undefined) return { mode: 'secret', secret: key }
  if (pem === undefined) return { mode: 'development', secret: randomBytes(48).toString('base64') }
  const algorithm = publicKeyAlgorithm(pem)
  if (algorithm === undefined) {
    problems.push('JWT_PUBLIC_KEY must be a public RSA (2048 bits or more) or P-256 key in PEM')
    return undefined
  }
  return { mode: 'public-key', publicKey: pem, algorithm }
}

function publicKeyAlgorithm(pem: string): Algorithm | undefined {
  try {
    return isPrivateKey(pem) ? undefined : algorithmOf(createPublicKey(pem))
  } catch {
    return undefined
  }
}

/** The one algorithm that a public key is for, so that a token can never choose another; undefined where we take none. */
export function algorithmOf(key: KeyObject): Algorithm | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key
  if (type === 'rsa' && (details?.modulusLength ?? 0) >= 2048) return 'RS256'
  if (type === 'ec' && details?.namedCurve === 'prime256v1') return 'ES256'
  return undefined
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
