import { createRoute, z } from '@hono/zod-openapi'
import type pg from 'pg'
import type { Authorizer } from '../access/authorizer.ts'
import { isAdministrator } from '../access/grants.ts'
import { type Identity, userIdSchema } from '../access/identity.ts'
import type { Revocations } from '../access/revocations.ts'
import type { Verify } from '../access/verifier.ts'
import { SynclineError } from '../errors.ts'
import { bearer } from '../http/bearer.ts'
import { createRouter, json, needs, refusals } from '../http/router.ts'
import { API_PREFIX, MAX_PEOPLE_ASKED, type PersonStatus } from '../protocol.ts'
import type { Whereabouts } from './attendance.ts'
import type { Register } from './register.ts'
import { type Seen, seen, seenIn, sharedRooms } from './seen-table.ts'

/** Of a room so many are listed: those who are here, then those who were seen last. */
const MAX_LISTED = 200

const personSchema = z
  .object({
    user: z.string(),
    name: z.string(),
    status: z
      .enum(['online', 'away', 'offline'])
      .openapi({ description: 'Over all their connections; away: connected, and not looking' }),
    device: z.enum(['desktop', 'phone']).nullable().openapi({ description: 'What their client says it is' }),
    lastSeen: z.iso.datetime().nullable().openapi({ description: 'Of who is offline' }),
  })
  .openapi('PersonStatus')

const peopleSchema = z.object({ people: z.array(personSchema) }).openapi('People')

const usersSchema = z
  .string()
  .transform((text, context) => {
    try {
      return [...new Set(text.split(',').map(decodeURIComponent))]
    } catch {
      context.addIssue({ code: 'custom', message: 'must be percent-encoded, each by itself' })
      return z.NEVER
    }
  })
  .pipe(z.array(userIdSchema).min(1).max(MAX_PEOPLE_ASKED))
  .openapi({
    type: 'string',
    description: `Ids with commas between them, at most ${MAX_PEOPLE_ASKED}; a comma or a percent sign within one is encoded once more`,
  })

const route = createRoute({
  method: 'get',
  path: `${API_PREFIX}/presence`,
  summary: 'Who is online, away or offline: of some people, or of a room',
  description:
    'Of people: those with whom the token’s bearer shares a room, in which both have been within 30 days and which the bearer may read; of all others nothing is told, nor whether there are such. A token that is admin everywhere is told of everybody. Of a room: who is there, and who was there within 30 days, 200 at most, those first who are there.',
  security: needs(),
  request: {
    query: z
      .object({
        users: usersSchema.optional(),
        room: z.string().optional(),
      })
      .refine(({ users, room }) => (users === undefined) !== (room === undefined), {
        message: 'needs either users or room',
      }),
  },
  responses: { 200: { description: 'The people', ...json(peopleSchema) }, ...refusals },
})

export interface PresenceRouteOptions {
  readonly pool: pg.Pool
  readonly whereabouts: Whereabouts
  readonly register: Pick<Register, 'written'>
  readonly verify: Verify
  readonly authorizer: Pick<Authorizer, 'decide' | 'candidates'>
  readonly revocations: Pick<Revocations, 'check' | 'roomsTakenFrom'>
}

export const presenceRoutes = (options: PresenceRouteOptions) =>
  createRouter().openapi(route, async (c) => {
    const identity = await bearer(c.req.header('authorization'), options.verify)
    const { users = [], room } = c.req.valid('query')
    const people =
      room === undefined ? await ofPeople(options, identity, users) : await ofRoom(options, identity, room)
    return c.json({ people: [...people] }, 200)
  })

async function ofRoom(
  { pool, whereabouts, register, authorizer, revocations }: PresenceRouteOptions,
  identity: Identity,
  room: string,
): Promise<readonly PersonStatus[]> {
  const { role } = await authorizer.decide(identity, room)
  revocations.check(identity, room)
  if (role === undefined) throw new SynclineError('forbidden')
  await register.written()
  const here = whereabouts.inRoom(room)
  const rows = await seenIn(pool, room, MAX_LISTED)
  const others = rows.filter(({ user }) => !here.has(user))
  const known = new Map(rows.map((row) => [row.user, row]))
  return [...here, ...others.map(({ user }) => user)]
    .slice(0, MAX_LISTED)
    .flatMap((user) => statusOf(whereabouts, user, known.get(user)) ?? [])
}

async function ofPeople(
  { pool, whereabouts, register, authorizer, revocations }: PresenceRouteOptions,
  identity: Identity,
  users: readonly string[],
): Promise<readonly PersonStatus[]> {
  await register.written()
  let known = users
  if (!isAdministrator(identity.grants)) {
    const shared = await sharedRooms(pool, identity.user, users, {
      readable: authorizer.candidates(identity),
      except: revocations.roomsTakenFrom(identity),
    })
    const readable = await readableOf(authorizer, identity, new Set([...shared.values()].flat()))
    known = users.filter(
      (user) => user === identity.user || shared.get(user)?.some((room) => readable.has(room)),
    )
  }
  const rows = new Map((await seen(pool, known)).map((row) => [row.user, row]))
  return known.flatMap((user) => statusOf(whereabouts, user, rows.get(user)) ?? [])
}

async function readableOf(
  authorizer: PresenceRouteOptions['authorizer'],
  identity: Identity,
  rooms: Iterable<string>,
): Promise<ReadonlySet<string>> {
  const decided = await Promise.all(
    [...rooms].map(async (room) => ((await authorizer.decide(identity, room)).role ? [room] : [])),
  )
  return new Set(decided.flat())
}

function statusOf(whereabouts: Whereabouts, user: string, row: Seen | undefined): PersonStatus | undefined {
  const present = whereabouts.get(user)
  if (present !== undefined) return { ...present, lastSeen: null }
  if (row === undefined) return undefined
  const { name, device, seenAt } = row
  return { user, name, status: 'offline', device: deviceOf(device), lastSeen: seenAt.toISOString() }
}

const deviceOf = (device: string | null): PersonStatus['device'] =>
  device === 'desktop' || device === 'phone' ? device : null
