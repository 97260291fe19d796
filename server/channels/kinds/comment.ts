import * as Y from 'yjs'
import { z } from 'zod'
import { defineKind, event } from '../kind.ts'
import { id } from './values.ts'

/** Longer than any relative position of Yjs that names one character. */
const MAX_POSITION = 64
/** How much of the text is kept as it was; what was chosen beyond it belongs to the thread nevertheless. */
const MAX_QUOTE = 1_000

/** A relative position of Yjs (its v1 encoding) that names a character. Whether the document has that is not asked. */
const position = z
  .base64()
  .max(MAX_POSITION)
  .refine(namesCharacter, 'must be an encoded relative position of Yjs that names a character')

function namesCharacter(base64: string): boolean {
  try {
    return Y.decodeRelativePosition(Buffer.from(base64, 'base64')).item !== null
  } catch {
    return false
  }
}

/** The text that a thread is about. */
const anchor = z.strictObject({
  /** The name of the shared type that holds it. */
  type: id,
  /** Before its first character, and after its last one. */
  start: position,
  end: position,
  /** What it said. */
  quote: z.string().min(1).max(MAX_QUOTE),
  /** What stood around it, where that and the quote are there but once: by that it is found where it was moved to. */
  before: z.string().max(MAX_POSITION).optional(),
  after: z.string().max(MAX_POSITION).optional(),
})

const text = z.string().regex(/\S/, 'must not be empty').max(10_000)
const mentions = z.array(id).max(50).optional()
const emoji = z
  .string()
  .max(32)
  .refine((value) => /^\p{RGI_Emoji}$/v.test(value), 'must be one emoji')

const COMMENTS = ['comment.created', 'comment.replied']
const ofThread = {
  publish: 'comment',
  about: { field: 'thread', types: ['comment.created'], by: 'anyone' },
} as const
const ofOwn = { publish: 'comment', about: { field: 'comment', types: COMMENTS, by: 'author' } } as const
const ofOwnOrAny = {
  publish: 'comment',
  about: { field: 'comment', types: COMMENTS, by: 'author or admin' },
} as const
const ofAny = { publish: 'comment', about: { field: 'comment', types: COMMENTS, by: 'anyone' } } as const

/**
 * What is said about a room's document, in the room itself. A thread's id is that of the event that began it, a
 * comment's that of its `created` or `replied`.
 */
export const comment = defineKind(
  'comment',
  {
    created: event(z.strictObject({ text, anchor: anchor.optional(), mentions }), { publish: 'comment' }),
    replied: event(z.strictObject({ thread: id, text, mentions }), ofThread),
    edited: event(z.strictObject({ comment: id, text, mentions }), ofOwn),
    deleted: event(z.strictObject({ comment: id }), ofOwnOrAny),
    resolved: event(z.strictObject({ thread: id }), ofThread),
    reopened: event(z.strictObject({ thread: id }), ofThread),
    'reaction.added': event(z.strictObject({ comment: id, emoji }), ofAny),
    'reaction.removed': event(z.strictObject({ comment: id, emoji }), ofAny),
  },
  { everywhere: true },
)
