import { createRoute, z } from '@hono/zod-openapi'
import { SynclineError } from '../errors.ts'
import { API_PREFIX } from '../protocol.ts'
import { type AccessOptions, memberOf } from './room-access.ts'
import { createRouter, needs, refusals } from './router.ts'

/** Both resolve with false where there is nothing of that name. */
export interface Erasure {
  erase(name: string, by: string): Promise<boolean>
  purge(name: string, by: string): Promise<boolean>
}

const room = {
  security: needs('admin'),
  request: { params: z.object({ room: z.string() }) },
}

const erase = createRoute({
  ...room,
  method: 'delete',
  path: `${API_PREFIX}/rooms/{room}`,
  summary: 'Delete a room with all of its past, for good',
  responses: { 204: { description: 'Nothing of it is left but its tombstone' }, ...refusals },
})

const purge = createRoute({
  ...room,
  method: 'delete',
  path: `${API_PREFIX}/rooms/{room}/tombstone`,
  summary: 'Let the name of a deleted room be used again',
  responses: { 204: { description: 'The name is free' }, ...refusals },
})

export interface ErasureOptions extends AccessOptions {
  readonly erasure: Erasure
}

export function erasureRoutes({ erasure, ...access }: ErasureOptions) {
  const member = memberOf(access)
  return createRouter()
    .openapi(erase, async (c) => {
      const name = c.req.valid('param').room
      const { user } = await member(c.req.header('authorization'), name, 'admin')
      if (!(await erasure.erase(name, user))) throw new SynclineError('room-not-found')
      return c.body(null, 204)
    })
    .openapi(purge, async (c) => {
      const name = c.req.valid('param').room
      const { user } = await member(c.req.header('authorization'), name, 'admin')
      if (!(await erasure.purge(name, user))) throw new SynclineError('room-not-found')
      return c.body(null, 204)
    })
}
