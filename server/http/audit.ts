import { createRoute, z } from '@hono/zod-openapi'
import type { AuditLog } from '../access/audit.ts'
import { userIdSchema } from '../access/identity.ts'
import type { Verify } from '../access/verifier.ts'
import { API_PREFIX } from '../protocol.ts'
import { administrator } from './administrator.ts'
import { createRouter, json, needs, refusals } from './router.ts'
import { text } from './text.ts'

const MAX_PAGE = 100

const actSchema = z
  .object({
    id: z.int(),
    at: z.iso.datetime(),
    actor: z.string(),
    name: z.string().nullable().openapi({ description: 'What the actor was last called' }),
    act: z.string(),
    subject: z.string(),
    details: z.record(z.string(), z.unknown()),
  })
  .openapi('Act')

const pageSchema = z.object({ acts: z.array(actSchema), next: z.int().nullable() }).openapi('ActPage')

const route = createRoute({
  method: 'get',
  path: `${API_PREFIX}/audit`,
  summary: 'What administrators did, newest first',
  security: needs('admin in *:*'),
  request: {
    query: z.object({
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
      before: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
      act: text.max(100).optional().openapi({ description: 'Such as `room.erase`' }),
      actor: userIdSchema.optional().openapi({ description: 'Who did it' }),
    }),
  },
  responses: {
    200: {
      description: 'A page of acts; `next` is the `before` of the following one',
      ...json(pageSchema),
    },
    ...refusals,
  },
})

export interface AuditOptions {
  readonly verify: Verify
  readonly audit: AuditLog
}

export const auditRoutes = ({ verify, audit }: AuditOptions) =>
  createRouter().openapi(route, async (c) => {
    await administrator(c.req.header('authorization'), verify)
    const query = c.req.valid('query')
    const acts = await audit.list(query)
    const next = acts.length < query.limit ? null : (acts.at(-1)?.id ?? null)
    return c.json({ acts: acts.map(({ at, ...act }) => ({ ...act, at: at.toISOString() })), next }, 200)
  })
