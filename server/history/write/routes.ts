import { createRoute, z } from '@hono/zod-openapi'
import type { Identity } from '../../access/identity.ts'
import { SynclineError } from '../../errors.ts'
import { type AccessOptions, memberOf } from '../../http/room-access.ts'
import { createRouter, json, jsonBody, needs, refusals } from '../../http/router.ts'
import { API_PREFIX, type Role } from '../../protocol.ts'
import { roomParams } from '../requests.ts'
import { patchBody, SENT_FORMATS, withOwnLineEnds } from './requests.ts'
import { SIMPLIFIED } from './simplified.ts'
import type { Writes, Written } from './writes.ts'

const WRITE_ROLE: Role = 'write'
const PATH = `${API_PREFIX}/rooms/{room}/content` as const
const security = needs(WRITE_ROLE)

const headers = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,100}$/, 'must be 1 to 100 printable ASCII characters')
    .optional()
    .openapi({ description: 'The same again, within seven days, is answered the same and written once' }),
  'if-match': z
    .string()
    .regex(/^(W\/)?"?\d{1,15}"?$/, 'must be the ETag of the content')
    .optional()
    .openapi({ description: 'As `expect`: the ETag with which the content was answered' }),
})
const expect = z.coerce.number().int().min(0).optional().openapi({
  description: 'Refused with `content-changed` where somebody has written after this position',
})
const strict = z.stringbool().default(false).openapi({
  description:
    'Refused with `content-simplified`, and nothing written, where the answer would name something in `simplified`',
})
const sentQuery = z.object({
  format: z.enum(SENT_FORMATS).default('json'),
  editor: z.enum(['code', 'rich']).optional().openapi({
    description:
      'What a document that has no editor yet is to have: `code` where it is sent as text, `rich` otherwise',
  }),
  expect,
  strict,
})

const written = z
  .object({
    seq: z.int().openapi({ description: 'The position at which the document says it' }),
    changed: z.boolean().openapi({ description: 'False where it did already' }),
    simplified: z.array(z.enum(SIMPLIFIED)).openapi({
      description:
        'What HTML or Markdown had that the editor has not, and what was written in its place: `table` (a line for each row), `task-list` (`[x]` and its words), `image` (a link to it), `link` (the words of one that may not lead there, or the code that it was over), `element` (what another element of HTML held)',
    }),
  })
  .openapi('Written')
const responses = { 200: { description: 'It is committed', ...json(written) }, ...refusals }

/** Read as it is, whatever its type: JSON too is read by the thread that does the rest. */
const sent = (example: string) => ({
  required: true,
  description: 'In the format that `format` names; the example is Markdown',
  content: { '*/*': { schema: { type: 'string' as const }, example } },
})

const replace = createRoute({
  method: 'put',
  path: PATH,
  summary: 'Make a document say what is sent, by the smallest change; answered when it is committed',
  security,
  request: {
    params: roomParams,
    query: sentQuery,
    headers,
    body: sent('# Report\n\nAll is well.'),
  },
  responses,
})

const append = createRoute({
  method: 'post',
  path: PATH,
  summary: 'Add to the end of a document; answered when it is committed',
  security,
  request: { params: roomParams, query: sentQuery, headers, body: sent('* run 17: passed') },
  responses,
})

const patch = createRoute({
  method: 'patch',
  path: PATH,
  summary: 'Change parts of a document, all of them or none; answered when it is committed',
  security,
  request: {
    params: roomParams,
    query: z.object({ expect, strict }),
    headers,
    body: jsonBody(patchBody, {
      operations: [
        { op: 'replace-text', block: 1, find: 'well', text: 'very well' },
        { op: 'insert-after', block: 0, expect: 'Report', content: 'Of *March*.' },
      ],
    }),
  },
  responses,
})

export interface WriteRouteOptions extends AccessOptions {
  readonly writes: Pick<Writes, 'write'>
  readonly people: { remember(identity: Identity): Promise<void> }
  /** Counts so many bytes against whoever sent them. @throws SynclineError `rate-limited` */
  readonly charge: (identity: Identity, bytes: number) => void
}

/** Writing what a room holds, by those who may write in it, beside everybody who types there. */
export function writeRoutes({ writes, people, charge, ...access }: WriteRouteOptions) {
  const member = memberOf(access)
  const writer = async (authorization: string | undefined, room: string, bytes: number) => {
    const { identity, user, mayCreate } = await member(authorization, room, WRITE_ROLE)
    charge(identity, bytes)
    await people.remember(identity)
    return { room, user, mayCreate }
  }
  const router = createRouter()
  for (const [kind, route] of [
    ['replace', replace],
    ['append', append],
  ] as const) {
    router.openapi(route, async (c) => {
      const { room } = c.req.valid('param')
      const bytes = new Uint8Array(await c.req.arrayBuffer())
      const who = await writer(c.req.header('authorization'), room, bytes.length)
      const { format, editor, ...asFor } = c.req.valid('query')
      const asked = {
        ...who,
        ...conditions(asFor, c.req.valid('header')),
        writing: { kind, format, editor, body: textOf(bytes) },
        signal: c.req.raw.signal,
      }
      return c.json(answerOf(await writes.write(asked)), 200)
    })
  }
  router.openapi(patch, async (c) => {
    const { room } = c.req.valid('param')
    const { operations } = c.req.valid('json')
    const length = Number(c.req.header('content-length') ?? JSON.stringify(operations).length)
    const asked = {
      ...(await writer(c.req.header('authorization'), room, length)),
      ...conditions(c.req.valid('query'), c.req.valid('header')),
      writing: { kind: 'patch' as const, operations },
      signal: c.req.raw.signal,
    }
    return c.json(answerOf(await writes.write(asked)), 200)
  })
  return router
}

interface Conditions {
  readonly expect?: number | undefined
  readonly strict: boolean
}

function conditions(query: Conditions, sent: z.infer<typeof headers>) {
  const tag = /\d+/.exec(sent['if-match'] ?? '')?.[0]
  return {
    key: sent['idempotency-key'],
    strict: query.strict,
    expect: query.expect ?? (tag === undefined ? undefined : Number(tag)),
  }
}

const answerOf = ({ simplified, ...written }: Written) => ({ ...written, simplified: [...simplified] })

/** A byte order mark is no text. */
function textOf(bytes: Uint8Array): string {
  try {
    return withOwnLineEnds(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new SynclineError('content-invalid', 'it is not UTF-8')
  }
}
