import { createRoute, z } from '@hono/zod-openapi'
import { API_PREFIX } from '../protocol.ts'
import { createRouter, json, refusals } from './router.ts'

const infoSchema = z.object({ version: z.string(), development: z.boolean() }).openapi('Info')

export type Info = z.infer<typeof infoSchema>

const route = createRoute({
  method: 'get',
  path: `${API_PREFIX}/info`,
  summary: 'What this server is',
  responses: {
    200: { description: 'Its version, and whether it signs tokens itself', ...json(infoSchema) },
    ...refusals,
  },
})

export const infoRoutes = (info: Info) => createRouter().openapi(route, (c) => c.json(info, 200))
