import { z } from 'zod'
import { userIdSchema } from '../../access/identity.ts'
import { type About, defineKind, event } from '../kind.ts'
import { address, id, title } from './values.ts'

/** Something that is seen: not white space, nor what only joins, turns or hides other characters. */
const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{DI}]/u

const users = z.array(userIdSchema).min(1).max(1_000)
/** Of any length: what is too long for an event is refused as one that is too large. */
const text = z.string()
const message = { message: id }
const emoji = z
  .string()
  .regex(/^[^\s\p{Cc}]{1,32}$/u, 'must be one emoji')
  .regex(VISIBLE, 'must be one emoji')

const said = z.strictObject({
  text,
  mentions: z.array(userIdSchema).max(100).optional(),
  links: z
    .array(z.strictObject({ url: address, title: title.optional() }))
    .max(20)
    .optional(),
})
const saysSomething = ({ text, links = [] }: z.output<typeof said>): boolean =>
  VISIBLE.test(text) || links.length > 0
const EMPTY = { path: ['text'], message: 'must say something, or there must be a link' }

/** A message of the room, by its id. */
const about = (by: About['by'], field = 'message'): About => ({ field, types: ['chat.message'], by })

/**
 * One chat, `chat:<id>`. Who belongs to it is decided by these events alone, whatever a token grants; its creator is
 * its administrator, and the two of a direct one have the role `comment`, who can do nothing but talk. What is said may
 * be said in rooms of all kinds: a document is talked about in its own.
 */
export const chat = defineKind(
  'chat',
  {
    /** Published by the server for whoever creates the chat; one that comes later says nothing. */
    created: event(
      z.strictObject({ title: title.optional(), members: users, direct: z.boolean().optional() }),
      { publish: 'admin' },
    ),
    invited: event(z.strictObject({ users })),
    left: event(z.strictObject({})),
    removed: event(z.strictObject({ user: userIdSchema }), { publish: 'admin' }),
    renamed: event(z.strictObject({ title })),
    /** Its id is the message's. */
    message: event(said.safeExtend({ answers: id.optional() }).refine(saysSomething, EMPTY), {
      publish: 'comment',
      about: about('anyone', 'answers'),
    }),
    /** In place of all that was said before. */
    'message.edited': event(said.safeExtend(message).refine(saysSomething, EMPTY), {
      publish: 'comment',
      about: about('author'),
    }),
    'message.deleted': event(z.strictObject(message), {
      publish: 'comment',
      about: about('author or admin'),
    }),
    'reaction.added': event(z.strictObject({ ...message, emoji }), {
      publish: 'comment',
      about: about('anyone'),
    }),
    'reaction.removed': event(z.strictObject({ ...message, emoji }), {
      publish: 'comment',
      about: about('anyone'),
    }),
  },
  {
    everywhere: ['message', 'message.edited', 'message.deleted', 'reaction.added', 'reaction.removed'],
  },
)
