import { createRoute, z } from '@hono/zod-openapi'
import type pg from 'pg'
import { atLeast } from '../access/grants.ts'
import type { People } from '../access/people.ts'
import { parseRoomName } from '../access/room-name.ts'
import type { Verify } from '../access/verifier.ts'
import { type Entry, type EntryOptions, enter } from '../channels/entry.ts'
import { SynclineError } from '../errors.ts'
import { bearer } from '../http/bearer.ts'
import { createRouter, json, jsonBody, needs, refusals } from '../http/router.ts'
import type { RoomId } from '../log/entry.ts'
import { createRoom, findRoom } from '../log/rooms.ts'
import { API_PREFIX, type Role } from '../protocol.ts'
import { alertRule } from './alert-rule.ts'
import { deleteAlert, listAlerts, setAlert } from './alert-table.ts'
import type { Allowance } from './allowance.ts'
import { ANALYTICS_KIND, SYSTEM_ROOM } from './measure.ts'
import { readMetrics, unavailable } from './metrics.ts'
import type { Recorder } from './recorder.ts'
import {
  alertParam,
  alertSchema,
  batchSchema,
  measuresOf,
  metricsQuery,
  metricsSchema,
  queryOf,
  roomParam,
  takenSchema,
} from './requests.ts'

const METRICS = `${API_PREFIX}/rooms/{room}/metrics`
const ALERTS = `${API_PREFIX}/rooms/{room}/alerts`

const post = createRoute({
  method: 'post',
  path: METRICS,
  summary: 'Count what happened, in a room `analytics:<org>`; answered when it is committed',
  description:
    'A room has 1,000 series (a name with its labels) at most: those that it has go on, and of others nothing is counted. A person may send 1,000 measures a second, and 10,000 at once.',
  security: needs('write'),
  request: {
    params: roomParam,
    body: jsonBody(batchSchema, {
      id: 'checkout-412',
      measures: [{ name: 'checkout.paid', value: 49.9, labels: { plan: 'team' } }],
    }),
  },
  responses: {
    200: { description: 'What was counted, now or when this batch came first', ...json(takenSchema) },
    ...refusals,
  },
})

const read = createRoute({
  method: 'get',
  path: METRICS,
  summary: 'What was counted, in buckets of time',
  description: 'Of the last 120 buckets where `from` is left out; 20,000 points at most.',
  security: needs('read'),
  request: { params: roomParam, query: metricsQuery },
  responses: { 200: { description: 'The series', ...json(metricsSchema) }, ...refusals },
})

const list = createRoute({
  method: 'get',
  path: ALERTS,
  summary: 'The rules that raise `performance.alert` in a room `analytics:<org>`, and how each stands',
  security: needs('admin'),
  request: { params: roomParam },
  responses: {
    200: { description: 'By their names', ...json(z.object({ alerts: z.array(alertSchema) })) },
    ...refusals,
  },
})

const set = createRoute({
  method: 'put',
  path: `${ALERTS}/{alert}`,
  summary: 'Make or change a rule',
  description: 'Another rule under its name begins anew, and what the old one had raised is resolved.',
  security: needs('admin'),
  request: {
    params: alertParam,
    body: jsonBody(alertRule, {
      metric: 'checkout.paid',
      of: 'count',
      over: 300,
      is: 'below',
      threshold: 1,
      for: 60,
      level: 'critical',
      tell: ['ada'],
    }),
  },
  responses: {
    200: { description: 'The rule', ...json(z.object({ name: z.string(), rule: alertRule })) },
    ...refusals,
  },
})

const remove = createRoute({
  method: 'delete',
  path: `${ALERTS}/{alert}`,
  summary: 'Delete a rule; what it had raised is resolved',
  security: needs('admin'),
  request: { params: alertParam },
  responses: { 204: { description: 'It is gone, or was never there' }, ...refusals },
})

export interface AnalyticsRouteOptions extends EntryOptions {
  readonly pool: pg.Pool
  readonly recorder: Recorder
  readonly allowance: Allowance
  readonly people: Pick<People, 'remember'>
  readonly verify: Verify
}

export function analyticsRoutes({
  pool,
  recorder,
  allowance,
  people,
  verify,
  ...access
}: AnalyticsRouteOptions) {
  const entered = async (authorization: string | undefined, room: string, needed: Role): Promise<Entry> => {
    const entry = await enter(await bearer(authorization, verify), room, access)
    if (!mayDo(room, entry.role, needed))
      throw new SynclineError('forbidden', `this needs the role ${needed}`)
    if (parseRoomName(room).kind !== ANALYTICS_KIND)
      throw new SynclineError('request-invalid', `only rooms ${ANALYTICS_KIND}:… measure`)
    return entry
  }
  const existing = async (name: string): Promise<RoomId> => {
    const room = await findRoom(pool, name).catch(unavailable)
    if (room === undefined) throw new SynclineError('room-not-found')
    return room.id
  }
  const roomFor = async (name: string, { decision, identity }: Entry): Promise<RoomId> =>
    decision.mayCreate
      ? (
          (await findRoom(pool, name).catch(unavailable)) ??
          (await createRoom(pool, name, identity.user).catch(unavailable))
        ).id
      : existing(name)
  return createRouter()
    .openapi(post, async (c) => {
      const { room } = c.req.valid('param')
      const entry = await entered(c.req.header('authorization'), room, 'write')
      const { id, ...sent } = c.req.valid('json')
      const { user } = entry.identity
      const count = sent.measures.length
      const { counted, repeated, ...taken } = await allowance.counting(room, count, async () => {
        allowance.take(room, user, count)
        const of = await roomFor(room, entry)
        await people.remember(entry.identity)
        const { timely, outOfTime } = measuresOf(sent)
        return recorder.record(of, { user, id, measures: timely, outOfTime })
      })
      const refused = [
        { code: 'measure-out-of-time', count: taken.outOfTime },
        { code: 'too-many-series', count: taken.tooManySeries },
      ] as const
      if (!repeated) for (const { code, count } of refused) allowance.refused(room, code, count)
      return c.json({ counted, refused: refused.filter(({ count }) => count > 0) }, 200)
    })
    .openapi(read, async (c) => {
      const { room } = c.req.valid('param')
      await entered(c.req.header('authorization'), room, 'read')
      const query = queryOf(c.req.valid('query'))
      const series = await readMetrics(pool, await existing(room), query)
      const { width, from, to } = query
      return c.json(
        {
          width,
          from: iso(from),
          to: iso(to),
          series: series.map((one) => ({ ...one, points: [...one.points] })),
        },
        200,
      )
    })
    .openapi(list, async (c) => {
      const { room } = c.req.valid('param')
      await entered(c.req.header('authorization'), room, 'admin')
      const alerts = await listAlerts(pool, await existing(room)).catch(unavailable)
      const told = alerts.map(({ raisedAt, ...alert }) => ({
        ...alert,
        raisedAt: raisedAt === null ? null : iso(raisedAt),
      }))
      return c.json({ alerts: told }, 200)
    })
    .openapi(set, async (c) => {
      const { room: roomName, alert: name } = c.req.valid('param')
      const entry = await entered(c.req.header('authorization'), roomName, 'admin')
      const rule = c.req.valid('json')
      const room = await roomFor(roomName, entry)
      await setAlert(pool, { roomName, room, name, by: entry.identity.user }, rule).catch(unavailable)
      return c.json({ name, rule }, 200)
    })
    .openapi(remove, async (c) => {
      const { room: roomName, alert: name } = c.req.valid('param')
      const { identity } = await entered(c.req.header('authorization'), roomName, 'admin')
      const room = await existing(roomName)
      await deleteAlert(pool, { roomName, room, name, by: identity.user }).catch(unavailable)
      return c.body(null, 204)
    })
}

/** Administrators, and nobody else, have a role in the system's room; it is `read`, and they say what is watched there. */
const mayDo = (room: string, role: Role, needed: Role): boolean =>
  atLeast(role, needed) || (room === SYSTEM_ROOM && needed === 'admin')

const iso = (time: number): string => new Date(time).toISOString()
