import { createRoute, z } from '@hono/zod-openapi'
import type { Authorizer } from '../access/authorizer.ts'
import { isAdministrator } from '../access/grants.ts'
import { type Identity, userIdSchema } from '../access/identity.ts'
import type { Revocations } from '../access/revocations.ts'
import { parseRoomName } from '../access/room-name.ts'
import type { Verify } from '../access/verifier.ts'
import { SynclineError } from '../errors.ts'
import { API_PREFIX } from '../protocol.ts'
import { bearer } from './bearer.ts'
import { createRouter, json, jsonBody, needs, refusals } from './router.ts'

const requestSchema = z
  .strictObject({ user: userIdSchema.optional(), room: z.string().optional() })
  .refine(({ user, room }) => user !== undefined || room !== undefined, 'must name a user, a room, or both')
  .openapi('Revocation')

const revokedSchema = z.object({ at: z.iso.datetime() }).openapi('Revoked')

const route = createRoute({
  method: 'post',
  path: `${API_PREFIX}/access/revoke`,
  summary:
    'Take away, within a second, what a person has everywhere, a room has given, or a person has in a room',
  description:
    'For administrators, and, where a room is named, for those who are admin in it. Tokens issued until now are refused with `revoked`; a newer one is taken.',
  security: needs('admin'),
  request: { body: jsonBody(requestSchema, { user: 'mallory', room: 'doc:report' }) },
  responses: {
    200: { description: 'Tokens issued until `at` are worth nothing there any more', ...json(revokedSchema) },
    ...refusals,
  },
})

export interface RevokeOptions {
  readonly verify: Verify
  readonly authorizer: Authorizer
  readonly revocations: Pick<Revocations, 'revoke' | 'check'>
}

export const revokeRoutes = ({ verify, authorizer, revocations }: RevokeOptions) =>
  createRouter().openapi(route, async (c) => {
    const identity = await bearer(c.req.header('authorization'), verify)
    const subject = c.req.valid('json')
    if (!(await mayRevoke(identity, subject.room))) throw new SynclineError('forbidden')
    const { at } = await revocations.revoke(subject, identity.user)
    return c.json({ at: new Date(at).toISOString() }, 200)

    async function mayRevoke(who: Identity, room: string | undefined): Promise<boolean> {
      if (room === undefined) return isAdministrator(who.grants)
      parseRoomName(room)
      revocations.check(who, room)
      return isAdministrator(who.grants) || (await authorizer.decide(who, room)).role === 'admin'
    }
  })
