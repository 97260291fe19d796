import { z } from '@hono/zod-openapi'
import { cursorSchema } from '../http/cursors.ts'
import { text } from '../http/text.ts'
import { SUMMARIES } from './summary.ts'

const MAX_PAGE = 100

const moment = z.iso.datetime({ offset: true, error: 'must be an ISO time with its zone' })

export const projectParams = z.object({
  project: z.string().openapi({ description: 'Of `project:7`, the `7`' }),
})

const filters = {
  person: text.max(200).optional().openapi({ description: 'What this person did' }),
  type: text
    .max(2_000)
    .transform((list) => list.split(','))
    .optional()
    .openapi({ description: 'Types of events, or `edited`, with commas between them' }),
  room: text.max(200).optional().openapi({ description: 'What was done in this room' }),
  from: moment.optional(),
  until: moment.optional(),
}

export const activityQuery = z
  .object({
    ...filters,
    q: text.trim().min(1).max(200).optional().openapi({
      description: 'Words of the text: all of them, "together", or, -without',
    }),
    limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(50),
    before: cursorSchema.optional().openapi({ description: 'The `next` of an earlier page' }),
    since: cursorSchema.optional().openapi({
      description: 'The `now` of an earlier page: what has come or changed since, in that order',
    }),
    grouped: z.stringbool().default(false).openapi({
      description: 'By day (UTC), room and type, in place of the items one by one',
    }),
  })
  .refine(({ before, since }) => before === undefined || since === undefined, 'takes before or since')

export const summaryQuery = z.object({
  ...filters,
  by: z.enum(SUMMARIES).default('person'),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(20),
})

const activitySchema = z
  .object({
    id: z.string().openapi({ description: 'What comes again under the same has changed' }),
    room: z.string(),
    kind: z.string(),
    title: z.string().nullable(),
    type: z
      .string()
      .openapi({ description: 'Of an event, or `edited`: a stretch of at most a quarter of an hour' }),
    actor: z.string(),
    name: z.string().nullable(),
    at: z.iso.datetime(),
    until: z.iso.datetime(),
    seq: z.int(),
    lastSeq: z.int(),
    text: z.string(),
    entries: z.int(),
    inserted: z.int().openapi({ description: 'Characters (UTF-16 code units)' }),
    deleted: z.int(),
  })
  .openapi('ProjectActivity')

const groupSchema = z
  .object({
    key: z.string(),
    day: z.string(),
    room: z.string(),
    kind: z.string(),
    title: z.string().nullable(),
    type: z.string(),
    people: z.array(z.object({ id: z.string(), name: z.string().nullable(), count: z.int() })),
    at: z.iso.datetime(),
    until: z.iso.datetime(),
    items: z.array(activitySchema),
  })
  .openapi('ActivityGroup')

export const activityPage = z
  .object({
    items: z.array(activitySchema).optional(),
    groups: z.array(groupSchema).optional().openapi({ description: 'With `grouped`, in place of the items' }),
    next: z.string().nullable().openapi({ description: 'The `before` of the next page; null for the last' }),
    now: z.string().openapi({ description: 'The `since` that tells of what comes from here on' }),
    more: z.boolean().openapi({ description: 'After `since`: whether there is more than fits the page' }),
  })
  .openapi('ActivityPage')

export const summarySchema = z
  .object({
    summary: z.array(
      z.object({
        id: z.string(),
        name: z.string().nullable(),
        activities: z.int(),
        others: z.int().openapi({ description: 'In how many rooms, or by how many people' }),
        entries: z.int(),
        inserted: z.int(),
        deleted: z.int(),
        last: z.iso.datetime(),
      }),
    ),
    since: z.iso
      .datetime()
      .nullable()
      .openapi({ description: 'The earliest that is counted, where there may be more before it' }),
  })
  .openapi('ActivitySummary')
