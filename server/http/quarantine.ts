import { createRoute, z } from '@hono/zod-openapi'
import { parseRoomName } from '../access/room-name.ts'
import type { Verify } from '../access/verifier.ts'
import { API_PREFIX } from '../protocol.ts'
import { administrator } from './administrator.ts'
import { createRouter, json, needs, refusals } from './router.ts'

const copySchema = z
  .object({
    room: z.string().openapi({ description: 'The copy’s name' }),
    until: z.int().openapi({ description: 'The last entry of the original that the copy has' }),
    entries: z.int().openapi({ description: 'How many entries the original has' }),
  })
  .openapi('RoomCopy')

export interface Quarantine {
  copy(name: string, by: string): Promise<z.infer<typeof copySchema>>
  /** @throws SynclineError `room-not-found` */
  release(name: string, by: string): Promise<void>
}

const route = {
  security: needs('admin in *:*'),
  request: { params: z.object({ room: z.string() }) },
}

const copy = createRoute({
  ...route,
  method: 'post',
  path: `${API_PREFIX}/rooms/{room}/quarantine/copy`,
  summary: 'Make a room of what can be opened of a quarantined one',
  description:
    'It has the entries up to the last good one, with their authors and times; the original stays as it is. Asked again, it is the same copy.',
  responses: { 200: { description: 'The copy is there', ...json(copySchema) }, ...refusals },
})

const release = createRoute({
  ...route,
  method: 'delete',
  path: `${API_PREFIX}/rooms/{room}/quarantine`,
  summary: 'Let people into a quarantined room again',
  description: 'Where it still cannot be opened, the next one who tries has it quarantined again.',
  responses: { 204: { description: 'It is not quarantined' }, ...refusals },
})

export interface QuarantineOptions {
  readonly quarantine: Quarantine
  readonly verify: Verify
}

export const quarantineRoutes = ({ quarantine, verify }: QuarantineOptions) =>
  createRouter()
    .openapi(copy, async (c) => {
      const { user } = await administrator(c.req.header('authorization'), verify)
      const { room } = c.req.valid('param')
      return c.json(await quarantine.copy(room, user), 200)
    })
    .openapi(release, async (c) => {
      const { user } = await administrator(c.req.header('authorization'), verify)
      const { room } = c.req.valid('param')
      parseRoomName(room)
      await quarantine.release(room, user)
      return c.body(null, 204)
    })
