import { API_PREFIX, TOKEN_AUDIENCE } from '../protocol.ts'
import { GLOSSARY } from './glossary.ts'
import { BEARER, type Router } from './router.ts'

const PATH = `${API_PREFIX}/openapi.json`

/** What routes are about, by how their addresses go on; the first that fits. */
const SUBJECTS: readonly (readonly [subject: string, address: RegExp])[] = [
  [
    'History',
    /^rooms\/{room}\/(timeline|versions|writers|activity|position|diff|blame|deleted|restore|retention)\b/,
  ],
  ['Events', /^(rooms\/{room}\/(events|entries)|kinds)\b/],
  ['Chats', /^(chats|rooms\/{room}\/(messages|read))\b/],
  ['Administration', /^(audit|admin|access|people|rooms\/{room}\/(tombstone|quarantine))\b/],
  ['Activity', /^projects\b/],
  ['Notifications', /^users\/{id}\/notifications\b/],
  ['Server', /^(info|dev|openapi\.json|\/)/],
]

/** Of an address that none of these is, the first word. */
function subjectOf(path: string): string {
  const rest = path.startsWith(`${API_PREFIX}/`) ? path.slice(API_PREFIX.length + 1) : path
  const subject = SUBJECTS.find(([, address]) => address.test(rest))?.[0]
  const word = rest.split('/')[0] ?? ''
  return subject ?? `${word.charAt(0).toUpperCase()}${word.slice(1)}`
}

interface Parameter {
  readonly name?: string
  description?: string
}

/** Describes every route that was mounted on `router`, as OpenAPI 3.1. Mount it last. */
export function mountOpenApi(router: Router, version: string): void {
  const { openAPIRegistry: registry } = router
  registry.registerComponent('securitySchemes', BEARER, {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: `A JSON web token with aud "${TOKEN_AUDIENCE}", sub, exp and grants. What a route lists beside it is the role that it needs: in the room, or \`*:*\` for everywhere`,
  })
  registry.registerPath({
    method: 'get',
    path: PATH,
    summary: 'This document',
    responses: {
      200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: { type: 'object' } } } },
    },
  })
  const describe = () => {
    const document = router.getOpenAPI31Document({
      openapi: '3.1.0',
      info: {
        title: 'Syncline',
        version,
        license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
      },
    })
    for (const [path, item] of Object.entries(document.paths ?? {})) {
      for (const operation of Object.values(item)) {
        operation.tags ??= [subjectOf(path)]
        for (const parameter of (operation.parameters ?? []) as Parameter[])
          parameter.description ??= GLOSSARY[parameter.name ?? '']
      }
    }
    return document
  }
  // It takes as long as a tenth of the server's start, and most are never asked for it.
  let document: ReturnType<typeof describe> | undefined
  router.get(PATH, (c) => {
    document ??= describe()
    return c.json(document)
  })
}
