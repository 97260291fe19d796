import { createRoute, z } from '@hono/zod-openapi'
import type { People } from '../access/people.ts'
import { SynclineError } from '../errors.ts'
import { type AccessOptions, memberOf } from '../http/room-access.ts'
import { createRouter, json, needs, refusals } from '../http/router.ts'
import type { Log } from '../log/log.ts'
import { API_PREFIX, type Role } from '../protocol.ts'
import type { Registry } from './registry.ts'

/** As the past, of which it is a part: who may only read was perhaps not meant to know who did how much, and when. */
const ENTRIES_ROLE: Role = 'write'

const MAX_PAGE = 500

const pageSchema = z
  .object({
    entries: z.array(
      z.object({
        seq: z.int(),
        first: z.int().optional().openapi({
          description: 'The first position that it stands for, where retention has merged several',
        }),
        at: z.number().openapi({ description: 'Milliseconds since the epoch' }),
        actor: z.string(),
        bytes: z.int().openapi({ description: 'Of an edit, or of an event’s payload' }),
        type: z.string().nullable().openapi({ description: 'Of an event; null for an edit' }),
      }),
    ),
    names: z
      .record(z.string(), z.string())
      .openapi({ description: 'What their actors were called in the last token with which they wrote' }),
    until: z.int().openapi({ description: 'The page reaches so far: the `after` of the next one' }),
    head: z.int(),
  })
  .openapi('EntryPage')

const route = createRoute({
  method: 'get',
  path: `${API_PREFIX}/rooms/{room}/entries`,
  summary: 'What was committed in a room, edits and events in one order, without what it holds',
  security: needs(ENTRIES_ROLE),
  request: {
    params: z.object({ room: z.string() }),
    query: z.object({
      after: z.coerce
        .number()
        .int()
        .nonnegative()
        .optional()
        .openapi({ description: 'Without it the newest are meant' }),
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
    }),
  },
  responses: { 200: { description: 'A page of entries', ...json(pageSchema) }, ...refusals },
})

export interface EntryRouteOptions extends AccessOptions {
  readonly log: Pick<Log, 'inspect' | 'entryHeads'>
  readonly registry: Pick<Registry, 'mayRead'>
  readonly people: Pick<People, 'names'>
}

export function entryRoutes({ log, registry, people, ...access }: EntryRouteOptions) {
  const member = memberOf(access)
  return createRouter().openapi(route, async (c) => {
    const { room: name } = c.req.valid('param')
    const { role } = await member(c.req.header('authorization'), name, ENTRIES_ROLE)
    const found = await log.inspect(name)
    if (found === undefined) throw new SynclineError('room-not-found')
    if (found.quarantine !== undefined) throw new SynclineError('room-quarantined')
    const { id, head } = found.room
    const { limit, after = Math.max(0, head - limit) } = c.req.valid('query')
    if (after > head) throw new SynclineError('position-invalid', `${after} is after the newest, ${head}`)
    const heads = await log.entryHeads(id, after, limit)
    const entries = heads
      .filter(({ type }) => type === null || registry.mayRead(role, type))
      .map(({ first, ...entry }) => (first === entry.seq ? entry : { ...entry, first }))
    const last = heads.at(-1)?.seq ?? after
    const names = await people.names(new Set(entries.map(({ actor }) => actor)))
    return c.json({ entries, names, until: heads.length === limit ? last : Math.max(head, last), head }, 200)
  })
}
