import { z } from '@hono/zod-openapi'
import type { Seq } from '../../log/entry.ts'
import type { Editor } from '../../protocol.ts'

/** The formats in which content can be sent. */
export const SENT_FORMATS = ['json', 'text', 'markdown', 'html'] as const
export type SentFormat = (typeof SENT_FORMATS)[number]

const MAX_OPERATIONS = 100

/** Editors count the end of a line as one character. */
export const withOwnLineEnds = (text: string): string => text.replaceAll('\r\n', '\n')

const sentText = z.string().transform((text) => withOwnLineEnds(text.toWellFormed()))
const found = z.string().min(1)

/** Characters at a position, counted as JavaScript does (UTF-16 code units), that are what is expected there. */
const atPosition = { at: z.int().min(0), expect: z.string() }
/** Characters by what they are: without `occurrence` they are there once. */
const bySearch = {
  find: found,
  occurrence: z.int().min(1).optional().openapi({ description: 'Which of them, from 1' }),
  count: z.int().min(1).optional().openapi({ description: 'How many of them are to be there' }),
}
const insert = {
  op: z.literal('insert'),
  text: sentText,
  side: z.enum(['before', 'after']).default('after'),
}
const remove = { op: z.literal('delete') }
const replace = { op: z.literal('replace'), text: sentText }

const block = {
  block: z
    .union([z.int().min(0), z.string().regex(/^\d{1,16}:\d{1,16}$/, 'must be a number or client:clock')])
    .openapi({ description: 'Its number in the document, from 0, or its id, as a diff names it' }),
}
/** What the block says, as text. */
const expected = { expect: z.string() }
const content = {
  content: sentText,
  format: z.enum(SENT_FORMATS).default('markdown'),
}

const operationSchema = z.union([
  z.strictObject({ ...insert, ...atPosition }),
  z.strictObject({ ...insert, ...bySearch }),
  z.strictObject({ ...remove, ...atPosition }),
  z.strictObject({ ...remove, ...bySearch }),
  z.strictObject({ ...replace, ...atPosition }),
  z.strictObject({ ...replace, ...bySearch }),
  z.strictObject({
    op: z.enum(['insert-before', 'insert-after', 'replace-block']),
    ...block,
    ...expected,
    ...content,
  }),
  z.strictObject({ op: z.literal('delete-block'), ...block, ...expected }),
  z.strictObject({
    op: z.literal('replace-text'),
    ...block,
    ...bySearch,
    expect: z.string().optional(),
    text: sentText,
  }),
])

export const patchBody = z
  .strictObject({ operations: z.array(operationSchema).min(1).max(MAX_OPERATIONS) })
  .openapi('ContentPatch')

type Keyed<Union> = Union extends unknown ? Readonly<Union> : never
export type Operation = Keyed<z.output<typeof operationSchema>>

/** Where in a text an operation is. */
export type Place =
  | { readonly at: number; readonly expect: string }
  | { readonly find: string; readonly occurrence?: number | undefined; readonly count?: number | undefined }

/** What is to be written. */
export type Writing =
  | {
      readonly kind: 'replace' | 'append'
      readonly format: SentFormat
      readonly body: string
      /** Which editor a document without one is to have. */
      readonly editor: Editor | undefined
    }
  | { readonly kind: 'patch'; readonly operations: readonly Operation[] }

export interface WriteRequest {
  readonly writing: Writing
  /** The position after which nobody else may have written. */
  readonly expect: Seq | undefined
  /** Refused where something of the content would be simplified. */
  readonly strict: boolean
  /** Whether it is to be found in the log again, by its client id. */
  readonly keyed: boolean
}
