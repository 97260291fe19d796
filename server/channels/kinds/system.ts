import { z } from 'zod'
import { defineKind, event } from '../kind.ts'
import { address, text, title } from './values.ts'

/** What operators tell everybody: `system:<topic>`. */
export const system = defineKind('system', {
  announcement: event(z.strictObject({ title, text, url: address.optional() }), { publish: 'admin' }),
  alert: event(
    z.strictObject({
      level: z.enum(['info', 'warning', 'critical']),
      text,
      until: z.iso.datetime({ offset: true }).optional(),
    }),
    { publish: 'admin' },
  ),
})
