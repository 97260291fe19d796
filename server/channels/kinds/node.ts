import { z } from 'zod'
import { defineKind, event } from '../kind.ts'
import { count, id, title } from './values.ts'

/** One node of a graph that an application keeps: `node:<id>`. */
export const node = defineKind('node', {
  edited: event(
    z.strictObject({
      fields: z.array(id).max(100).optional(),
      seq: count.optional(),
      summary: title.optional(),
    }),
  ),
})
