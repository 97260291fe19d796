import type { IncomingMessage, RequestListener } from 'node:http'
import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { routePath } from 'hono/route'
import type { AuditLog } from '../access/audit.ts'
import type { Authorizer } from '../access/authorizer.ts'
import type { Revocations } from '../access/revocations.ts'
import type { Verify } from '../access/verifier.ts'
import { SynclineError } from '../errors.ts'
import type { RoomDirectory } from '../log/directory.ts'
import type { Logger } from '../observe/log.ts'
import { API_PREFIX } from '../protocol.ts'
import { whileAsked } from './asking.ts'
import { auditRoutes } from './audit.ts'
import { carriesToken } from './bearer.ts'
import type { Cursors } from './cursors.ts'
import { devTokenRoutes } from './dev-token.ts'
import { healthRoutes, type Readiness } from './health.ts'
import { infoRoutes } from './info.ts'
import { mountOpenApi } from './openapi.ts'
import { corsOrigin } from './origin.ts'
import { answerError } from './refusal.ts'
import type { RequestLimit } from './request-limit.ts'
import { type RequestWatch, watchRequests } from './request-watch.ts'
import { revokeRoutes } from './revoke.ts'
import { roomRoutes } from './rooms.ts'
import { createRouter, type Router } from './router.ts'
import { securityHeaders } from './security.ts'
import { studioRoutes } from './static.ts'

const MAX_BODY_BYTES = 1024 * 1024

export interface HttpOptions {
  readonly rooms: RoomDirectory
  readonly cursors: Cursors
  readonly readiness: () => Readiness
  readonly verify: Verify
  readonly authorizer: Authorizer
  readonly revocations: Pick<Revocations, 'revoke' | 'check' | 'roomsTakenFrom'>
  readonly audit: AuditLog
  readonly requestLimit: RequestLimit
  readonly watch?: RequestWatch
  /** Where a request comes from. */
  readonly addressOf: (request: IncomingMessage) => string
  /** What tokens are signed with for anybody who asks; undefined outside development mode. */
  readonly developmentSecret: string | undefined
  /** Routes of parts that stand above this one. */
  readonly more?: readonly Router[]
  readonly allowedOrigins: readonly string[]
  /** Where the built studio is; nothing is served from a folder without an index.html. */
  readonly studioDir: string
  readonly version: string
  readonly logger: Logger
}

export interface Http {
  fetch(request: Request): Response | Promise<Response>
  /** The same for `http.createServer`. */
  readonly listener: RequestListener
}

const hasBody = (headers: Headers): boolean =>
  headers.has('content-length') || headers.has('transfer-encoding')

/** Everything that the server answers over HTTP; the WebSocket's upgrade is not its business. */
export function createHttp(options: HttpOptions): Http {
  const { developmentSecret, allowedOrigins, logger, version } = options
  const app = createRouter()

  app.onError((error, c) => {
    // As it is written in the code: a path may be anything, a token too.
    const route = `${c.req.method} ${routePath(c)}`
    return answerError(error, { route, room: c.req.param('room') }, logger)
  })
  app.notFound(() => {
    throw new SynclineError('route-not-found')
  })

  app.use((_, next) => whileAsked(next))
  if (options.watch !== undefined) app.use(watchRequests(options.watch))
  app.use(securityHeaders())
  app.use(`${API_PREFIX}/*`, async (c, next) => {
    await next()
    // Streams say more.
    if (!c.res.headers.has('Cache-Control')) c.header('Cache-Control', 'no-store')
  })
  app.use(
    `${API_PREFIX}/*`,
    cors({
      origin: (origin) => corsOrigin(origin, allowedOrigins),
      allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'Last-Event-ID'],
      exposeHeaders: ['ETag', 'X-Request-Id', 'Retry-After', 'Syncline-Seq'],
      maxAge: 600,
    }),
  )
  app.use(`${API_PREFIX}/*`, async (c, next) => {
    // Refused rather than ignored: whoever tries it hears of it the first time.
    if (carriesToken(c.req.url)) {
      throw new SynclineError('request-invalid', 'a token must not stand in an address')
    }
    await next()
  })
  app.use(async (c, next) => {
    const { incoming } = c.env as Partial<HttpBindings>
    // Whoever asks whether the server lives asks on everybody's behalf.
    if (incoming !== undefined && !c.req.path.startsWith('/health/')) {
      const refusal = await options.requestLimit.refusal(options.addressOf(incoming))
      if (refusal !== undefined) throw refusal
    }
    await next()
  })
  const limit = bodyLimit({
    maxSize: MAX_BODY_BYTES,
    onError: () => {
      throw new SynclineError('request-too-large')
    },
  })
  // The limit reads whatever has no length, which a DELETE without a body has not, and fails on it.
  app.use((c, next) => (hasBody(c.req.raw.headers) ? limit(c, next) : next()))

  app.route('/', healthRoutes(options.readiness))
  app.route('/', infoRoutes({ version, development: developmentSecret !== undefined }))
  app.route('/', roomRoutes(options))
  app.route('/', revokeRoutes(options))
  app.route('/', auditRoutes(options))
  for (const router of options.more ?? []) app.route('/', router)
  if (developmentSecret !== undefined) app.route('/', devTokenRoutes(developmentSecret, allowedOrigins))
  mountOpenApi(app, version)
  app.route('/', studioRoutes(options.studioDir))

  const listener = getRequestListener((request, bindings) => app.fetch(request, bindings), {
    overrideGlobalObjects: false,
    errorHandler: (error) => answerError(error, { route: 'unreadable request' }, logger),
  })
  return { fetch: (request) => app.fetch(request, {}), listener }
}
