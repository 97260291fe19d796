import { API_PREFIX, TOKEN_AUDIENCE } from '../protocol.ts'
import { BEARER, type Router } from './router.ts'

const PATH = `${API_PREFIX}/openapi.json`

/** Describes every route that was mounted on `router`, as OpenAPI 3.1. Mount it last. */
export function mountOpenApi(router: Router, version: string): void {
  const { openAPIRegistry: registry } = router
  registry.registerComponent('securitySchemes', BEARER, {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: `A JSON web token with aud "${TOKEN_AUDIENCE}", sub, exp and grants`,
  })
  registry.registerPath({
    method: 'get',
    path: PATH,
    summary: 'This document',
    responses: {
      200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } },
    },
  })
  const describe = () =>
    router.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'Syncline',
        version,
        license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
      },
    })
  // It takes as long as a tenth of the server's start, and most are never asked for it.
  let document: ReturnType<typeof describe> | undefined
  router.get(PATH, (c) => {
    document ??= describe()
    return c.json(document)
  })
}
