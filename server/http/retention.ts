import { createRoute, z } from '@hono/zod-openapi'
import type { RetentionRule } from '../config/retention.ts'
import { API_PREFIX } from '../protocol.ts'
import { type AccessOptions, memberOf } from './room-access.ts'
import { createRouter, json, needs, refusals } from './router.ts'

const effectSchema = z
  .object({
    first: z.int(),
    last: z.int(),
    positionsLost: z.int(),
    versionsLost: z.int(),
    bytesBefore: z.int(),
    bytesAfter: z.int(),
    sharedSessions: z.int(),
  })
  .openapi('RetentionEffect')

const retentionSchema = z
  .object({
    rule: z.object({ keystrokes: z.number(), sessions: z.number().nullable() }).nullable(),
    effect: effectSchema.nullable(),
  })
  .openapi('Retention')

export interface RoomRetention {
  ruleFor(name: string): RetentionRule | undefined
  /** What is thinned, or with `dryRun` would be; undefined where nothing is due. */
  retain(name: string, dryRun: boolean, by: string): Promise<z.infer<typeof effectSchema> | undefined>
}

const route = {
  path: `${API_PREFIX}/rooms/{room}/retention`,
  security: needs('admin'),
  request: { params: z.object({ room: z.string() }) },
}

const plan = createRoute({
  ...route,
  method: 'get',
  summary: 'What retention would drop of a room now',
  responses: {
    200: { description: 'The rule in days, and its effect if anything is due', ...json(retentionSchema) },
    ...refusals,
  },
})

const act = createRoute({
  ...route,
  method: 'post',
  summary: 'Thin the past of a room now, by its rule',
  responses: { 200: { description: 'What was done', ...json(retentionSchema) }, ...refusals },
})

export interface RetentionOptions extends AccessOptions {
  readonly retention: RoomRetention
}

export function retentionRoutes({ retention, ...access }: RetentionOptions) {
  const member = memberOf(access)
  const answer = async (authorization: string | undefined, name: string, dryRun: boolean) => {
    const { user } = await member(authorization, name, 'admin')
    const effect = (await retention.retain(name, dryRun, user)) ?? null
    const rule = retention.ruleFor(name)
    return {
      rule: rule === undefined ? null : { keystrokes: rule.keystrokes, sessions: rule.sessions ?? null },
      effect,
    }
  }
  return createRouter()
    .openapi(plan, async (c) =>
      c.json(await answer(c.req.header('authorization'), c.req.valid('param').room, true), 200),
    )
    .openapi(act, async (c) =>
      c.json(await answer(c.req.header('authorization'), c.req.valid('param').room, false), 200),
    )
}
