import { API_PREFIX, TOKEN_AUDIENCE } from '../protocol.ts'
import { BEARER, type Router } from './router.ts'

/** Describes every route that was mounted on `router`, as OpenAPI 3.1. Mount it last. */
export function mountOpenApi(router: Router, version: string): void {
  router.openAPIRegistry.registerComponent('securitySchemes', BEARER, {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: `A JSON web token with aud "${TOKEN_AUDIENCE}", sub, exp and grants`,
  })
  const document = router.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Syncline', version, license: { name: 'MIT', identifier: 'MIT' } },
  })
  router.get(`${API_PREFIX}/openapi.json`, (c) => c.json(document))
}
