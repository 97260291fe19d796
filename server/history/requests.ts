import { z } from '@hono/zod-openapi'
import { SynclineError } from '../errors.ts'
import { text } from '../http/text.ts'
import type { Role } from '../protocol.ts'
import { FORMATS } from './content/convert.ts'
import type { At } from './history.ts'

/** What was deleted may have been deleted for a reason: the past is for those who may write. */
export const HISTORY_ROLE: Role = 'write'

const MAX_PAGE = 100
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const CURSOR = /^\d{1,15}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A time in ms since the epoch, as answers say it. */
export const iso = (ms: number): string => new Date(ms).toISOString()

export const moment = z.iso.datetime({ offset: true, error: 'must be an ISO time with its zone' })

/** Where in a room's past, as addresses say it. */
export const atSchema = z
  .string()
  .max(64)
  .optional()
  .openapi({ description: 'A seq, an ISO time with its zone, or the id of a version; without it the newest' })

export const nearestSchema = z.enum(['before', 'after']).optional().openapi({
  description:
    'For a seq that retention has merged, the nearest that is left on this side; without it such a seq is refused',
})

/** @throws SynclineError `position-invalid` */
export function parseAt(at: string | undefined, nearest?: z.output<typeof nearestSchema>): At {
  if (at === undefined) return undefined
  if (/^\d{1,15}$/.test(at)) return { kind: 'seq', seq: Number(at), nearest }
  if (UUID.test(at)) return { kind: 'version', id: at }
  if (moment.safeParse(at).success) return { kind: 'time', time: Date.parse(at) }
  throw new SynclineError('position-invalid')
}

const seconds = (least: number, most: number, otherwise: number) =>
  z.coerce.number().int().min(least).max(most).default(otherwise)
const flag = z.stringbool().default(false)
const limit = z.coerce.number().int().min(1).max(MAX_PAGE).default(20)

export const roomParams = z.object({ room: z.string() })
export const versionParams = z.object({
  room: z.string(),
  id: z.string().regex(UUID, 'must be the id of a version'),
})

export const contentQuery = z.object({ format: z.enum(FORMATS).default('json'), at: atSchema })

const DAY = 86_400

export const timelineQuery = z.object({
  gap: seconds(15, 7 * DAY, 600).openapi({ description: 'Seconds of nothing that end a session' }),
  length: seconds(60, 30 * DAY, 4 * 3600).openapi({
    description: 'Seconds after which one that goes on is divided',
  }),
  person: text.max(200).optional().openapi({ description: 'Sessions that this person took part in' }),
  from: moment.optional(),
  to: moment.optional(),
  named: flag.openapi({ description: 'Sessions with a named version only' }),
  limit,
  before: z.coerce.number().int().min(1).optional().openapi({ description: 'The `next` of an earlier page' }),
})

export const versionsQuery = z.object({
  named: flag,
  limit,
  after: z.string().regex(CURSOR, 'must be the next of an earlier page').optional(),
})

const title = text.trim().min(1).max(200)
const description = text.trim().max(4000).nullable()

export const newVersion = z.object({
  at: atSchema,
  title,
  description: description.default(null),
  pinned: z.boolean().default(false),
})

export const changedVersion = z
  .object({ title: title.optional(), description: description.optional(), pinned: z.boolean().optional() })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'changes nothing')

const shareShape = {
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  entries: z.int(),
  inserted: z.int().openapi({ description: 'Characters of text (UTF-16 code units)' }),
  deleted: z.int(),
}

export const versionSchema = z
  .object({
    id: z.uuid(),
    seq: z.int(),
    at: z.iso.datetime(),
    kind: z.enum(['automatic', 'named']),
    reason: z.enum(['idle', 'size', 'restore', 'import']).nullable(),
    title: z.string().nullable(),
    description: z.string().nullable(),
    author: z.string(),
    pinned: z.boolean(),
    createdAt: z.iso.datetime(),
    mayChange: z.boolean().openapi({
      description:
        'Whether who asks may rename, describe, pin, unpin and delete it: its author, administrators of the room, and everybody where nobody has named or pinned it',
    }),
  })
  .openapi('Version')

export const versionPage = z
  .object({ versions: z.array(versionSchema), next: z.string().nullable() })
  .openapi('VersionPage')

export const timelinePage = z
  .object({
    sessions: z.array(
      z.object({
        firstSeq: z.int(),
        lastSeq: z.int(),
        before: z.int().openapi({ description: 'The position before it, or what retention has left of it' }),
        after: z.int().openapi({ description: 'The position after it, or what retention has left of it' }),
        ...shareShape,
        people: z.array(z.object({ id: z.string(), ...shareShape })),
        versions: z.array(versionSchema),
      }),
    ),
    next: z.int().nullable(),
    head: z.int().openapi({
      description: 'The last seq of the room; where the sessions end earlier, the rest is damaged',
    }),
  })
  .openapi('TimelinePage')
