import { expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import type { Authorizer } from '../../server/access/authorizer.ts'
import type { Tickets } from '../../server/access/tickets.ts'
import { Channels } from '../../server/channels/channels.ts'
import { defineKind, event } from '../../server/channels/kind.ts'
import { readRoutes } from '../../server/channels/read-routes.ts'
import { Registry } from '../../server/channels/registry.ts'
import type { Role } from '../../server/protocol.ts'
import type { Database } from '../../server/storage/database.ts'
import { countTo, database, openLog } from '../log/fixture.ts'

const ROOM = 'desk:1'
const ada = { user: 'ada', role: 'write' } as const
const desk = defineKind('desk', {
  said: event(z.strictObject({})),
  kept: event(z.strictObject({}), { read: 'write' }),
})

/** A node that has the room open, and what somebody of a role gets from it. */
async function node(db: Database, role: Role) {
  const channels = new Channels(openLog(db), new Registry([desk]))
  const { room, release } = await channels.open(ROOM, 'ada')
  onTestFinished(release)
  const routes = readRoutes({
    channels,
    tickets: {} as Tickets,
    admit: () => ({
      role,
      ended: new AbortController().signal,
      tooSlow: () => undefined,
      leave: () => undefined,
    }),
    verify: async () => ({ user: 'eve', grants: {}, issuedAt: 0, expiresAt: Date.now() + 60_000 }) as never,
    addressOf: () => '',
    authorizer: {
      epoch: 0,
      decide: async () => ({ role, until: Number.POSITIVE_INFINITY }),
    } as never as Authorizer,
    revocations: { check: () => undefined },
  })
  return {
    channels,
    room,
    publish: (type: string, ...ids: readonly string[]) =>
      Promise.all(
        channels.publish(
          room,
          ROOM,
          ada,
          ids.map((id) => ({ type, id, payload: {} })),
        ),
      ),
    get: async (query: string) => {
      const answer = await routes.request(
        `/api/v1/rooms/${ROOM}/events?${query}`,
        { headers: { authorization: 'Bearer x' } },
        {},
      )
      return answer.json()
    },
  }
}

it('[EVT26] takes for the head what it knows that other nodes have written', async () => {
  const { db } = await database()
  const here = await node(db, 'write')
  const there = await node(db, 'write')
  await there.publish('desk.said', '1', '2')
  await here.channels.refresh(here.room)
  expect(here.room.head).toBe(0)
  expect(await here.get('after=head')).toEqual({ events: [], head: 2 })
})

it('[EVT26] asks the database once for somebody who may read nothing of what is there', async () => {
  const { channels, get, publish } = await node((await database()).db, 'read')
  await publish('desk.kept', ...countTo(300).map(String))
  const read = vi.spyOn(channels, 'read')
  expect(await get('after=0&limit=1')).toEqual({ events: [], head: 300 })
  expect(await get('after=0&limit=1&types=desk.kept')).toEqual({ events: [], head: 300 })
  expect(read).toHaveBeenCalledTimes(2)
  await publish('desk.said', 'last')
  expect(await get('after=0&limit=1')).toMatchObject({ events: [{ seq: 301, id: 'last' }] })
  expect(read).toHaveBeenCalledTimes(3)
})
