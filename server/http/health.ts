import { createRoute, z } from '@hono/zod-openapi'
import type { ErrorCode } from '../errors.ts'
import { refusal, refusalSchema } from './refusal.ts'
import { createRouter, json } from './router.ts'

/** Whether the server can do its work, and if not, why: codes of the catalogue, nothing that tells an outsider more. */
export interface Readiness {
  readonly ready: boolean
  readonly problems: readonly ErrorCode[]
  /** What only makes it slower or concerns few, and is no reason to send people elsewhere. */
  readonly degraded: readonly ErrorCode[]
}

const liveSchema = z.object({ live: z.literal(true) }).openapi('Live')
const said = z.array(refusalSchema.shape.error)
const readySchema = z.object({ ready: z.boolean(), problems: said, degraded: said }).openapi('Readiness')

const live = createRoute({
  method: 'get',
  path: '/health/live',
  summary: 'Whether the process answers',
  responses: { 200: { description: 'It does', ...json(liveSchema) } },
})

const ready = createRoute({
  method: 'get',
  path: '/health/ready',
  summary: 'Whether the server can save edits',
  responses: {
    200: { description: 'It can', ...json(readySchema) },
    503: { description: 'It cannot, and why', ...json(readySchema) },
  },
})

/** What `/health/ready` answers. */
export type Health = z.infer<typeof readySchema>

const told = (codes: readonly ErrorCode[]) => codes.map((code) => refusal(code).error)

export const healthOf = ({ ready: isReady, problems, degraded }: Readiness): Health => ({
  ready: isReady,
  problems: told(problems),
  degraded: told(degraded),
})

export const healthRoutes = (readiness: () => Readiness) =>
  createRouter()
    .openapi(live, (c) => c.json({ live: true as const }, 200))
    .openapi(ready, (c) => {
      const body = healthOf(readiness())
      return body.ready ? c.json(body, 200) : c.json(body, 503)
    })
