import { z } from 'zod'
import { userIdSchema } from '../../access/identity.ts'
import { ROOM_NAME } from '../../protocol.ts'
import { defineKind, event } from '../kind.ts'
import { address, count, id, title } from './values.ts'

/** What a notification is about, in one word: those that the server makes, and whatever an application adds. */
export const category = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a lower-case word such as build')
const room = z.string().regex(ROOM_NAME, 'must be the name of a room')
/** Of `notified` events. */
const ids = z.array(id).min(1).max(500)
const MAX_MUTED = 1_000
const until = z.strictObject({ until: count })

/** What a backend says of a notification. */
export const notification = z.strictObject({
  category,
  title: title.min(1),
  text: z.string().max(2_000).optional(),
  url: address.optional(),
  actions: z
    .array(z.strictObject({ label: z.string().min(1).max(60), url: address }))
    .max(5)
    .optional(),
  /** Notifications of one category and one group are shown together. */
  group: z.string().min(1).max(200).optional(),
})

/** One person's inbox, `user:<id>`: what they are told, and what they have done with it. */
export const user = defineKind('user', {
  /** Its id is the notification's. Made by the server, also of what backends send: nobody writes into their own inbox. */
  notified: event(
    notification.extend({
      /** Whose doing it is. */
      from: userIdSchema.optional(),
      /** The event of which it was made. */
      source: z
        .strictObject({ room, seq: count, id: id.optional(), type: z.string().max(100).optional() })
        .optional(),
      /** It stands for several that came within one window of time. */
      digest: z.strictObject({ count, titles: z.array(title).max(10) }).optional(),
    }),
    { publish: 'admin' },
  ),
  /** All up to there was shown. */
  seen: event(until),
  read: event(z.strictObject({ ids })),
  unread: event(z.strictObject({ ids })),
  archived: event(z.strictObject({ ids })),
  unarchived: event(z.strictObject({ ids })),
  all_read: event(until),
  /** What is named here changes, and nothing else. */
  preferences: event(
    z.strictObject({
      /** By category; `app` where nothing is said. */
      ways: z.record(category, z.enum(['app', 'none'])).optional(),
      /** By category, in minutes: what comes within them is told as one. 0: at once. */
      digests: z
        .record(
          category,
          z
            .int()
            .min(0)
            .max(7 * 24 * 60),
        )
        .optional(),
      /** Rooms of which nothing is told. */
      muted: z
        .record(room, z.boolean())
        .refine((rooms) => Object.keys(rooms).length <= MAX_MUTED, `must be at most ${MAX_MUTED} rooms`)
        .optional(),
    }),
  ),
})
