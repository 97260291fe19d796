import { createRoute, z } from '@hono/zod-openapi'
import type { Verify } from '../access/verifier.ts'
import { bearer } from '../http/bearer.ts'
import { createRouter, json, needs, refusals } from '../http/router.ts'
import { API_PREFIX, ROLES } from '../protocol.ts'
import { describeKind } from './describe.ts'
import type { Registry } from './registry.ts'

const role = z.enum(ROLES)
const publishedBy = z.enum([...ROLES, 'server'])

const kindSchema = z
  .object({
    name: z.string(),
    keepDays: z
      .int()
      .nullable()
      .openapi({ description: 'After how many days events may be dropped; null for never' }),
    events: z.array(
      z.object({
        type: z.string(),
        publish: publishedBy.openapi({
          description: 'The least role that publishes it; `server`: nobody does but the server',
        }),
        read: role.openapi({ description: 'The least role that is told of it' }),
        payload: z.record(z.string(), z.unknown()).openapi({ description: 'Its JSON Schema (2020-12)' }),
      }),
    ),
  })
  .openapi('RoomKind')

const route = createRoute({
  method: 'get',
  path: `${API_PREFIX}/kinds`,
  summary: 'The kinds of rooms that have events, and what may be published in them',
  security: needs(),
  responses: {
    200: { description: 'All kinds', ...json(z.object({ kinds: z.array(kindSchema) })) },
    ...refusals,
  },
})

/** For whoever has a token: what an application publishes is told to nobody else. */
export function kindRoutes({ kinds }: Registry, verify: Verify) {
  const described = { kinds: kinds.map(describeKind) }
  return createRouter().openapi(route, async (c) => {
    await bearer(c.req.header('authorization'), verify)
    return c.json(described, 200)
  })
}
