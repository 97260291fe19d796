import { createRoute, type z } from '@hono/zod-openapi'
import { bytesBody } from '../http/bytes.ts'
import { type AccessOptions, type Member, memberOf } from '../http/room-access.ts'
import { createRouter, json, jsonBody, needs, refusals } from '../http/router.ts'
import { SEVERAL } from '../log/entry.ts'
import { API_PREFIX, type Role } from '../protocol.ts'
import type { Format } from './content/convert.ts'
import type { History } from './history.ts'
import {
  changedVersion,
  contentQuery,
  HISTORY_ROLE,
  iso,
  newVersion,
  parseAt,
  roomParams,
  timelinePage,
  timelineQuery,
  versionPage,
  versionParams,
  versionSchema,
  versionsQuery,
} from './requests.ts'
import type { Share } from './timeline/slices.ts'
import type { TimelinePage } from './timeline/timeline.ts'
import { mayChange, type Version, type VersionEditor } from './versions/versions.ts'

/** How it is now is what anybody who may read the room sees anyway. */
const CURRENT_ROLE: Role = 'read'

const ROOM = `${API_PREFIX}/rooms/{room}`
const security = needs(HISTORY_ROLE)

const MEDIA_TYPES: Readonly<Record<Format, string>> = {
  json: 'application/json',
  text: 'text/plain; charset=utf-8',
  markdown: 'text/markdown; charset=utf-8',
  html: 'text/html; charset=utf-8',
  yjs: 'application/octet-stream',
}

const body = { schema: { type: 'string', format: 'binary' } } as const

const content = createRoute({
  method: 'get',
  path: `${ROOM}/content`,
  summary: 'What a room holds, or held at a position',
  description: 'The past is for those who may write: with `at`, the role `write` is needed.',
  security: needs(CURRENT_ROLE),
  request: { params: roomParams, query: contentQuery },
  responses: {
    200: {
      description: 'Its content in the format asked for; the headers Syncline-Seq and ETag have the position',
      content: Object.fromEntries(Object.values(MEDIA_TYPES).map((type) => [type, body])),
    },
    ...refusals,
  },
})

const timeline = createRoute({
  method: 'get',
  path: `${ROOM}/timeline`,
  summary: 'Sessions of editing, newest first',
  security,
  request: { params: roomParams, query: timelineQuery },
  responses: { 200: { description: 'A page of sessions', ...json(timelinePage) }, ...refusals },
})

const list = createRoute({
  method: 'get',
  path: `${ROOM}/versions`,
  summary: 'Versions, newest position first',
  security,
  request: { params: roomParams, query: versionsQuery },
  responses: { 200: { description: 'A page of versions', ...json(versionPage) }, ...refusals },
})

const create = createRoute({
  method: 'post',
  path: `${ROOM}/versions`,
  summary: 'Give a position a name',
  security,
  request: { params: roomParams, body: jsonBody(newVersion, { title: 'As it was sent', pinned: true }) },
  responses: { 201: { description: 'The version', ...json(versionSchema) }, ...refusals },
})

const one = createRoute({
  method: 'get',
  path: `${ROOM}/versions/{id}`,
  summary: 'One version',
  security,
  request: { params: versionParams },
  responses: { 200: { description: 'The version', ...json(versionSchema) }, ...refusals },
})

const change = createRoute({
  method: 'patch',
  path: `${ROOM}/versions/{id}`,
  summary: 'Rename, describe or pin a version',
  security,
  request: {
    params: versionParams,
    body: jsonBody(changedVersion, { title: 'As it was sent', description: 'To all customers' }),
  },
  responses: { 200: { description: 'The version', ...json(versionSchema) }, ...refusals },
})

const remove = createRoute({
  method: 'delete',
  path: `${ROOM}/versions/{id}`,
  summary: 'Delete a version; the position stays',
  security,
  request: { params: versionParams },
  responses: { 204: { description: 'It is gone' }, ...refusals },
})

export interface HistoryRouteOptions extends AccessOptions {
  readonly history: History
}

export function historyRoutes({ history, ...access }: HistoryRouteOptions) {
  const member = memberOf(access)
  return createRouter()
    .openapi(content, async (c) => {
      const { room } = c.req.valid('param')
      const { format, at } = c.req.valid('query')
      await member(c.req.header('authorization'), room, at === undefined ? CURRENT_ROLE : HISTORY_ROLE)
      const { seq, bytes } = await history.content(room, parseAt(at), format, c.req.raw.signal)
      const { body, headers } = bytesBody(bytes)
      return c.body(body, 200, {
        ...headers,
        'Content-Type': MEDIA_TYPES[format],
        'Syncline-Seq': String(seq),
        ETag: `"${seq}"`,
      })
    })
    .openapi(timeline, async (c) => {
      const { room } = c.req.valid('param')
      const editor = editorOf(await member(c.req.header('authorization'), room, HISTORY_ROLE))
      const { gap, length, from, to, named, ...query } = c.req.valid('query')
      const page = await history.timeline(room, {
        ...query,
        gap: gap * 1000,
        length: length * 1000,
        from: from === undefined ? undefined : Date.parse(from),
        to: to === undefined ? undefined : Date.parse(to),
        namedOnly: named,
      })
      const { sessions, next, head } = page
      return c.json(
        { sessions: sessions.map((session) => sessionJson(session, editor)), next: next ?? null, head },
        200,
      )
    })
    .openapi(list, async (c) => {
      const { room } = c.req.valid('param')
      const editor = editorOf(await member(c.req.header('authorization'), room, HISTORY_ROLE))
      const { limit, named, after } = c.req.valid('query')
      const [seq, id] = after?.split('.') ?? []
      const cursor = seq === undefined || id === undefined ? undefined : { seq: Number(seq), id }
      const versions = await history.versions(room, { limit, namedOnly: named, after: cursor })
      const last = versions.length < limit ? undefined : versions.at(-1)
      const next = last === undefined ? null : `${last.seq}.${last.id}`
      return c.json({ versions: versions.map((version) => versionJson(version, editor)), next }, 200)
    })
    .openapi(create, async (c) => {
      const { room } = c.req.valid('param')
      const editor = editorOf(await member(c.req.header('authorization'), room, HISTORY_ROLE))
      const { at, ...text } = c.req.valid('json')
      const version = await history.nameVersion(room, parseAt(at), editor.user, text)
      return c.json(versionJson(version, editor), 201)
    })
    .openapi(one, async (c) => {
      const { room, id } = c.req.valid('param')
      const editor = editorOf(await member(c.req.header('authorization'), room, HISTORY_ROLE))
      return c.json(versionJson(await history.version(room, id), editor), 200)
    })
    .openapi(change, async (c) => {
      const { room, id } = c.req.valid('param')
      const editor = editorOf(await member(c.req.header('authorization'), room, HISTORY_ROLE))
      const version = await history.describeVersion(room, id, editor, c.req.valid('json'))
      return c.json(versionJson(version, editor), 200)
    })
    .openapi(remove, async (c) => {
      const { room, id } = c.req.valid('param')
      const editor = editorOf(await member(c.req.header('authorization'), room, HISTORY_ROLE))
      await history.deleteVersion(room, id, editor)
      return c.body(null, 204)
    })
}

const editorOf = ({ user, role }: Member): VersionEditor => ({ user, administers: role === 'admin' })

const shareJson = ({ firstAt, lastAt, entries, inserted, deleted }: Share) => ({
  startedAt: iso(firstAt),
  endedAt: iso(lastAt),
  entries,
  inserted,
  deleted,
})

function sessionJson(
  { firstSeq, lastSeq, firstAt, lastAt, people, versions, before, after }: TimelinePage['sessions'][number],
  editor: VersionEditor,
) {
  const sum = (of: 'inserted' | 'deleted') =>
    [...people.values()].reduce((total, share) => total + share[of], 0)
  const entries = lastSeq - firstSeq + 1
  return {
    firstSeq,
    lastSeq,
    before,
    after,
    ...shareJson({ firstAt, lastAt, entries, inserted: sum('inserted'), deleted: sum('deleted') }),
    people: [...people]
      .filter(([id]) => id !== SEVERAL)
      .toSorted(([, one], [, other]) => one.firstAt - other.firstAt)
      .map(([id, share]) => ({ id, ...shareJson(share) })),
    versions: versions.map((version) => versionJson(version, editor)),
  }
}

const versionJson = (version: Version, editor: VersionEditor): z.infer<typeof versionSchema> => ({
  ...version,
  at: version.at.toISOString(),
  createdAt: version.createdAt.toISOString(),
  mayChange: mayChange(version, editor),
})
