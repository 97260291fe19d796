import { createRoute } from '@hono/zod-openapi'
import type { TypedResponse } from 'hono'
import type { z } from 'zod'
import { bytesBody } from '../../http/bytes.ts'
import { type AccessOptions, memberOf } from '../../http/room-access.ts'
import { createRouter, json, jsonBody, needs, refusals } from '../../http/router.ts'
import { API_PREFIX } from '../../protocol.ts'
import type { Ask, AskTarget, History } from '../history.ts'
import { HISTORY_ROLE, parseAt, roomParams } from '../requests.ts'
import type { Restores } from '../restore/restores.ts'
import type { Compared } from './compare.ts'
import {
  blameQuery,
  blameSchema,
  deletedQuery,
  deletedSchema,
  diffQuery,
  diffSchema,
  previewSchema,
  type RestoreBody,
  restoreBody,
  restoredSchema,
} from './schemas.ts'

export interface CompareRouteOptions extends AccessOptions {
  readonly history: Pick<History, 'compare'>
  readonly restores: Pick<Restores, 'restore' | 'preview'>
}

const ROOM = `${API_PREFIX}/rooms/{room}`
const security = needs(HISTORY_ROLE)

const diff = createRoute({
  method: 'get',
  path: `${ROOM}/diff`,
  summary: 'What differs between two positions of a room, by whom, in either direction',
  security,
  request: { params: roomParams, query: diffQuery },
  responses: { 200: { description: 'The changes, in all that both have', ...json(diffSchema) }, ...refusals },
})

const blame = createRoute({
  method: 'get',
  path: `${ROOM}/blame`,
  summary: 'What a room says at a position, every run of it with who wrote it and when',
  security,
  request: { params: roomParams, query: blameQuery },
  responses: { 200: { description: 'The content, in runs', ...json(blameSchema) }, ...refusals },
})

const deleted = createRoute({
  method: 'get',
  path: `${ROOM}/deleted`,
  summary: 'What was once written and is gone, with who took it and when; the latest first',
  security,
  request: { params: roomParams, query: deletedQuery },
  responses: { 200: { description: 'What is gone', ...json(deletedSchema) }, ...refusals },
})

const restore = createRoute({
  method: 'post',
  path: `${ROOM}/restore`,
  summary: 'Brings back a version, or a part of one, as a new edit that everybody in the room receives',
  security,
  request: { params: roomParams, body: jsonBody(restoreBody, { kind: 'version', at: '2' }) },
  responses: {
    200: {
      description: 'Restored and committed; or, for a preview, what would be changed',
      ...json(restoredSchema.or(previewSchema)),
    },
    ...refusals,
  },
})

/** Comparing positions of rooms, and bringing back what was. */
export function compareRoutes({ history, restores, ...access }: CompareRouteOptions) {
  const member = memberOf(access)
  return createRouter()
    .openapi(diff, async (c) => {
      const { room } = c.req.valid('param')
      await member(c.req.header('authorization'), room, HISTORY_ROLE)
      const { within, nearest, ...positions } = c.req.valid('query')
      const [from, to] = [parseAt(positions.from, nearest), parseAt(positions.to, nearest)]
      const ask: Ask = async (seqOf) => ({
        kind: 'diff',
        from: await seqOf(from),
        to: await seqOf(to),
        within,
      })
      const found = await history.compare(room, ask, c.req.raw.signal)
      return answer(found, diffSchema)
    })
    .openapi(blame, async (c) => {
      const { room } = c.req.valid('param')
      await member(c.req.header('authorization'), room, HISTORY_ROLE)
      const { within, ...query } = c.req.valid('query')
      const at = parseAt(query.at)
      const ask: Ask = async (seqOf) => ({
        kind: 'blame',
        at: await seqOf(at),
        within,
      })
      const found = await history.compare(room, ask, c.req.raw.signal)
      return answer(found, blameSchema)
    })
    .openapi(deleted, async (c) => {
      const { room } = c.req.valid('param')
      await member(c.req.header('authorization'), room, HISTORY_ROLE)
      const { query: text, limit, ...query } = c.req.valid('query')
      const at = parseAt(query.at)
      const ask: Ask = async (seqOf) => ({
        kind: 'deleted',
        at: await seqOf(at),
        text,
        limit,
      })
      const found = await history.compare(room, ask, c.req.raw.signal)
      return answer(found, deletedSchema)
    })
    .openapi(restore, async (c) => {
      const { room } = c.req.valid('param')
      const { user } = await member(c.req.header('authorization'), room, HISTORY_ROLE)
      const body = c.req.valid('json')
      const ask = targetOf(body)
      const { signal } = c.req.raw
      if (body.preview) return answer(await restores.preview(room, ask, signal), previewSchema)
      const { seq = null, before = null } = (await restores.restore(room, user, ask, signal)) ?? {}
      return c.json({ seq, before }, 200)
    })
}

function targetOf(body: RestoreBody): AskTarget {
  switch (body.kind) {
    case 'version': {
      const at = parseAt(body.at)
      return async (seqOf) => ({ kind: 'version', seq: await seqOf(at) })
    }
    case 'block': {
      const at = parseAt(body.at)
      return async (seqOf) => ({ kind: 'block', id: body.id, seq: await seqOf(at) })
    }
    case 'hunks': {
      const [from, to] = [parseAt(body.from), parseAt(body.to)]
      return async (seqOf) => ({
        kind: 'hunks',
        hunks: body.hunks,
        from: await seqOf(from),
        to: await seqOf(to),
      })
    }
    case 'person':
      return async () => ({
        kind: 'person',
        actor: body.actor,
        since: Date.parse(body.since),
        until: Date.parse(body.until),
      })
  }
}

/** What a worker has encoded in the form that `schema` describes. */
const answer = <Schema extends z.ZodType>({ json }: Compared, _schema: Schema) => {
  const { body, headers } = bytesBody(json)
  return new Response(body, { headers: { ...headers, 'Content-Type': 'application/json' } }) as Response &
    TypedResponse<z.output<Schema>, 200, 'json'>
}
