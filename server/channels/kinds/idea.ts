import { z } from 'zod'
import { defineKind, event } from '../kind.ts'
import { count, id, labels, text, title } from './values.ts'

/** One idea, with the document in which it is written: `idea:<id>`. */
export const idea = defineKind('idea', {
  created: event(z.strictObject({ title, project: id.optional(), labels: labels.optional() })),
  updated: event(
    z.strictObject({
      title: title.optional(),
      fields: z.array(id).max(100).optional(),
      labels: labels.optional(),
    }),
  ),
  /** Something was made of its text. */
  parsed: event(
    z.strictObject({
      /** The position that was parsed. */
      seq: count.optional(),
      nodes: count.optional(),
      problems: z
        .array(z.strictObject({ message: text, line: count.optional() }))
        .max(500)
        .optional(),
    }),
  ),
  committed: event(z.strictObject({ message: text, seq: count.optional(), version: id.optional() })),
  branched: event(z.strictObject({ to: id, seq: count.optional(), title: title.optional() })),
})
