import { createRoute, z } from '@hono/zod-openapi'
import { grantsSchema } from '../access/grants.ts'
import { userIdSchema } from '../access/identity.ts'
import { signToken } from '../access/token.ts'
import { SynclineError } from '../errors.ts'
import { API_PREFIX } from '../protocol.ts'
import { addressedToLoopback, originAllowed } from './origin.ts'
import { createRouter, json, jsonBody, refusals } from './router.ts'

const requestSchema = z
  .strictObject({
    user: z.strictObject({ id: userIdSchema, name: z.string().max(1000).optional() }),
    grants: grantsSchema.default({ 'doc:*': 'write' }),
  })
  .openapi('DevelopmentTokenRequest')

const tokenSchema = z.object({ token: z.string() }).openapi('Token')

const route = createRoute({
  method: 'post',
  path: `${API_PREFIX}/dev/token`,
  summary: 'Sign a token for anybody (development mode only)',
  request: {
    body: jsonBody(requestSchema, { user: { id: 'ada', name: 'Ada' }, grants: { 'doc:*': 'write' } }),
  },
  responses: { 200: { description: 'The token, good for an hour', ...json(tokenSchema) }, ...refusals },
})

/** Signs whatever it is asked for, so it answers only pages of this server and programs on this machine. */
export function devTokenRoutes(secret: string, allowedOrigins: readonly string[]) {
  const router = createRouter()
  router.use(route.path, async (c, next) => {
    const headers = { origin: c.req.header('origin'), host: c.req.header('host') }
    if (!addressedToLoopback(headers.host) || !originAllowed(headers, allowedOrigins)) {
      throw new SynclineError('origin-refused')
    }
    await next()
  })
  return router.openapi(route, (c) => c.json({ token: signToken(secret, c.req.valid('json')) }, 200))
}
