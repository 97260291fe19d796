import { z } from 'zod'
import { defineKind, event } from '../kind.ts'
import { address, duration, id, share, text, title } from './values.ts'

/** One deployment in a room of its own, `deployment:<id>`. */
export const deployment = defineKind('deployment', {
  started: event(
    z.strictObject({
      environment: title,
      build: id.optional(),
      project: id.optional(),
      version: title.optional(),
    }),
  ),
  progress: event(z.strictObject({ share, message: title.optional() })),
  completed: event(z.strictObject({ url: address.optional(), duration: duration.optional() })),
  failed: event(z.strictObject({ message: text, rolledBack: z.boolean().optional() })),
})
