import { createRoute, z } from '@hono/zod-openapi'
import { isAdministrator } from '../access/grants.ts'
import { userIdSchema } from '../access/identity.ts'
import type { Verify } from '../access/verifier.ts'
import { SynclineError } from '../errors.ts'
import { bearer } from '../http/bearer.ts'
import { createRouter, json, needs, refusals } from '../http/router.ts'
import { API_PREFIX } from '../protocol.ts'
import { type ErasePersonOptions, erasePerson } from './erase-person.ts'

const reportSchema = z
  .object({
    person: z.string(),
    dryRun: z.boolean().openapi({ description: 'Nothing was changed' }),
    tables: z.array(
      z.object({
        table: z.string(),
        fate: z.enum(['removed', 'kept']),
        rows: z.int().nullable().openapi({ description: 'Null where they are not counted' }),
        why: z.string().nullable(),
      }),
    ),
  })
  .openapi('ErasedPerson')

const route = createRoute({
  method: 'delete',
  path: `${API_PREFIX}/people/{id}`,
  summary: 'Erase a person: their name everywhere, their inbox, and what is kept of them alone',
  description:
    'Says table by table what was removed, and what was kept and why. For good: whoever comes back is to have another id.',
  security: needs('admin in *:*'),
  request: {
    params: z.object({ id: userIdSchema }),
    query: z.object({ dryRun: z.enum(['true', 'false']).default('false') }),
  },
  responses: { 200: { description: 'What was done, or would be', ...json(reportSchema) }, ...refusals },
})

export const peopleRoutes = ({ verify, ...options }: ErasePersonOptions & { readonly verify: Verify }) =>
  createRouter().openapi(route, async (c) => {
    const identity = await bearer(c.req.header('authorization'), verify)
    if (!isAdministrator(identity.grants)) throw new SynclineError('forbidden')
    const dryRun = c.req.valid('query').dryRun === 'true'
    const done = await erasePerson(options, c.req.valid('param').id, { by: identity.user, dryRun })
    return c.json({ ...done, tables: [...done.tables] }, 200)
  })
