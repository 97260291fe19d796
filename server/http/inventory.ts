import { createRoute, z } from '@hono/zod-openapi'
import type { Authorizer } from '../access/authorizer.ts'
import { isAdministrator } from '../access/grants.ts'
import type { Revocations } from '../access/revocations.ts'
import type { Verify } from '../access/verifier.ts'
import { SynclineError } from '../errors.ts'
import {
  HEALTHS,
  INVENTORY_SORTS,
  type InventoryQuery,
  type InventoryRoom,
  type RoomInventory,
} from '../log/inventory.ts'
import { API_PREFIX } from '../protocol.ts'
import { Remembered } from '../storage/remembered.ts'
import { administrator } from './administrator.ts'
import { bearer } from './bearer.ts'
import { type Cursors, cursorSchema } from './cursors.ts'
import { createRouter, json, needs, refusals } from './router.ts'
import { shownPage } from './shown-page.ts'
import { text } from './text.ts'

const MAX_PAGE = 100

const roomSchema = z
  .object({
    name: z.string(),
    kind: z.string(),
    title: z.string().nullable(),
    entries: z.int(),
    createdAt: z.iso.datetime(),
    createdBy: z.string(),
    changedAt: z.iso.datetime(),
    people: z
      .int()
      .openapi({ description: 'How many have ever written in it, as far as history has read it' }),
    recent: z.array(z.object({ id: z.string(), name: z.string().nullable() })).openapi({
      description: 'Who wrote last, newest first, five at most; `name` as they were last called',
    }),
    logBytes: z.int().openapi({ description: 'Of all entries as they are stored, packed or not' }),
    stateBytes: z.int().nullable().openapi({ description: 'Of the newest snapshot; null before the first' }),
    characters: z.int().nullable().openapi({ description: 'Visible text (UTF-16 code units)' }),
    bloat: z.number().nullable().openapi({
      description: 'Bytes of state for each visible character; null where either is unknown or none',
    }),
    health: z.enum(HEALTHS).openapi({ description: 'damaged: an entry of the log is missing' }),
    reason: z.string().nullable().openapi({ description: 'Why it is quarantined' }),
    quarantinedAt: z.iso.datetime().nullable(),
    deletedAt: z.iso.datetime().nullable(),
    deletedBy: z.string().nullable(),
  })
  .openapi('RoomInventory')

const pageSchema = z
  .object({ rooms: z.array(roomSchema), next: z.string().nullable() })
  .openapi('RoomInventoryPage')

const route = createRoute({
  method: 'get',
  path: `${API_PREFIX}/admin/rooms`,
  summary: 'The rooms that the token administers, with their sizes and their health',
  security: needs('admin'),
  request: {
    query: z.object({
      search: text.max(200).optional().openapi({ description: 'A part of the name or the title' }),
      health: z.enum(HEALTHS).optional(),
      sort: z.enum(INVENTORY_SORTS).default('changed'),
      order: z.enum(['asc', 'desc']).default('desc'),
      limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
      after: cursorSchema
        .optional()
        .openapi({ description: 'The `next` of an earlier page of the same sort and order' }),
    }),
  },
  responses: {
    200: {
      description:
        'A page of rooms, fewer than `limit` (with an application, and a search, maybe none) where hundreds are looked at in vain; `next` is the `after` of the following one',
      ...json(pageSchema),
    },
    ...refusals,
  },
})

const healthRoute = createRoute({
  method: 'get',
  path: `${API_PREFIX}/admin/rooms/health`,
  summary: 'How many rooms are not well',
  description: 'All of them are counted, whoever administers them; up to five seconds old.',
  security: needs('admin in *:*'),
  responses: {
    200: {
      description: 'None of them is counted twice',
      ...json(
        z
          .object({
            quarantined: z.int().openapi({ description: 'Nobody may open them' }),
            damaged: z
              .int()
              .openapi({ description: 'An entry of the log is missing, as far as rooms were measured' }),
          })
          .openapi('RoomsHealth'),
      ),
    },
    ...refusals,
  },
})

/** For how long a count of all rooms is remembered, however many ask, in ms. */
const COUNT_KEPT = 5_000

export interface InventoryOptions {
  readonly inventory: Pick<RoomInventory, 'list' | 'countUnwell'>
  readonly cursors: Cursors
  readonly verify: Verify
  readonly authorizer: Authorizer
  readonly revocations: Pick<Revocations, 'roomsTakenFrom'>
}

export const inventoryRoutes = (options: InventoryOptions) => {
  const { inventory, cursors, verify, authorizer, revocations } = options
  const unwell = new Remembered(COUNT_KEPT, () => inventory.countUnwell())
  return createRouter()
    .openapi(healthRoute, async (c) => {
      await administrator(c.req.header('authorization'), verify)
      const counted = await unwell.get()
      if (counted === undefined) throw new SynclineError('storage-unavailable')
      return c.json(counted, 200)
    })
    .openapi(route, async (c) => {
      const identity = await bearer(c.req.header('authorization'), verify)
      const scope = authorizer.candidates(identity, 'admin')
      if (scope !== 'all' && scope.kinds.length + scope.names.length === 0)
        throw new SynclineError('forbidden')
      const { sort, order, search, health, limit, after } = c.req.valid('query')
      const sought = { search, health }
      const query = {
        // Where a page ends early is not to depend on what rooms are called that the application then refuses, but to
        // an administrator, to whom the audit log names them all: of few rooms that are sought none is to be missed.
        ...(authorizer.asksApplication && !isAdministrator(identity.grants) ? {} : sought),
        scope,
        except: revocations.roomsTakenFrom(identity),
        sort,
        ascending: order === 'asc',
      }
      const { rooms, next } = await shownPage({
        cursors,
        list: `admin/rooms ${sort} ${order}`,
        limit,
        after,
        candidates: (most, place) => inventory.list({ ...query, limit: most, after: place }),
        isShown: async (room) =>
          (await authorizer.decide(identity, room.name)).role === 'admin' && isSought(room, sought),
      })
      return c.json({ rooms: rooms.map(represent), next }, 200)
    })
}

function isSought(
  { name, title, health }: InventoryRoom,
  sought: Pick<InventoryQuery, 'search' | 'health'>,
): boolean {
  if (sought.health !== undefined && sought.health !== health) return false
  const part = sought.search?.toLowerCase() ?? ''
  return [name, title ?? ''].some((said) => said.toLowerCase().includes(part))
}

const represent = ({ createdAt, changedAt, quarantinedAt, deletedAt, recent, ...room }: InventoryRoom) => ({
  ...room,
  recent: [...recent],
  bloat:
    room.stateBytes === null || room.characters === null || room.characters <= 0
      ? null
      : Math.round((room.stateBytes / room.characters) * 1000) / 1000,
  createdAt: createdAt.toISOString(),
  changedAt: changedAt.toISOString(),
  quarantinedAt: quarantinedAt?.toISOString() ?? null,
  deletedAt: deletedAt?.toISOString() ?? null,
})
