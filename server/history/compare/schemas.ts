import { z } from '@hono/zod-openapi'
import { atSchema, moment, nearestSchema } from '../requests.ts'

const MAX_WITHIN = 24 * 60 * 60 * 1000
const MAX_HUNKS = 1000

const within = z.coerce.number().int().min(0).max(MAX_WITHIN).default(60_000).openapi({
  description:
    'Edits of one person at most so many milliseconds apart are one run; 0 keeps every entry apart',
})

export const diffQuery = z.object({
  from: atSchema.unwrap(),
  to: atSchema,
  nearest: nearestSchema,
  within,
})

export const blameQuery = z.object({ at: atSchema, within })

export const deletedQuery = z.object({
  query: z.string().min(1).max(200).optional().openapi({
    description: 'Only what contains this, in upper or lower case; without it, all that anybody deleted',
  }),
  at: atSchema,
  limit: z.coerce.number().int().min(1).max(200).default(50),
})

const preview = z.boolean().default(false).openapi({ description: 'Only say what would be changed' })
const at = atSchema.unwrap()

export const restoreBody = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('version'), at, preview }),
  z.object({
    kind: z.literal('hunks'),
    from: at,
    to: at,
    hunks: z.array(z.int().min(0)).min(1).max(MAX_HUNKS).openapi({
      description: 'The numbers that the changes to be taken back have in the diff of these two positions',
    }),
    preview,
  }),
  z.object({
    kind: z.literal('block'),
    at,
    id: z.string().max(40).openapi({ description: 'An element, as diffs name it: client:clock' }),
    preview,
  }),
  z.object({
    kind: z.literal('person'),
    actor: z.string().min(1).max(128),
    since: moment,
    until: moment,
    preview,
  }),
])

export type RestoreBody = z.output<typeof restoreBody>

const position = z.int().min(0)

const authorSchema = z
  .object({ seq: position, actor: z.string(), at: z.number().describe('Milliseconds since the epoch') })
  .openapi('Author')

const typesSchema = z
  .record(z.string(), z.object({ kind: z.string() }))
  .describe(
    'The shared types at the top, by name. Each has `entries` (by key: `status`, `before`, `after`, `by`) or `runs` (in order: ' +
      '`status` equal, inserted, deleted or changed; `text`, `embed`, `values` or `node`; `marks`, `marksBefore`; `by`, `since`; `hunk`)',
  )

export const diffSchema = z.object({ from: position, to: position, types: typesSchema }).openapi('Diff')

export const blameSchema = z.object({ at: position, types: typesSchema }).openapi('Blame')

const partSchema = z.object({ text: z.string(), written: authorSchema, deleted: authorSchema.optional() })

export const deletedSchema = z
  .object({
    at: position,
    found: z.array(
      z.object({
        type: z.string(),
        node: z.string().optional(),
        text: z.string(),
        before: z.string().describe('What stood in front of it when it was last whole'),
        after: z.string().describe('What stood behind it then'),
        lastSeq: position.describe('The last position at which it was there, whole'),
        gone: authorSchema.describe('The first deletion in it'),
        parts: z.array(partSchema),
      }),
    ),
  })
  .openapi('DeletedText')

export const previewSchema = z
  .object({
    head: position.describe('The position that the preview starts from'),
    changes: z.boolean().describe('Whether anything would be changed'),
    types: typesSchema,
  })
  .openapi('RestorePreview')

export const restoredSchema = z
  .object({
    seq: position
      .nullable()
      .describe(
        'The edit’s, which is kept as a version: an earlier one, where it has restored the same and that still stands; null ' +
          'where nothing was to be changed',
      ),
    before: position.nullable().describe('The position before it, which is kept as a version'),
  })
  .openapi('Restored')
