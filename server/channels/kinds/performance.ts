import { z } from 'zod'
import { userIdSchema } from '../../access/identity.ts'
import { defineKind, event } from '../kind.ts'
import { id, title } from './values.ts'

/** What the server finds in what rooms `analytics:…` measure, said in the room itself. */
export const performance = defineKind(
  'performance',
  {
    /** A rule of the room is broken, or is not any more. What it says of the rule is what that said then. */
    alert: event(
      z.strictObject({
        rule: title,
        state: z.enum(['raised', 'resolved']),
        level: z.enum(['info', 'warning', 'critical']),
        metric: id,
        of: z.string().max(20),
        is: z.enum(['above', 'below']),
        threshold: z.number(),
        /** Left out where there was nothing to measure. */
        value: z.number().optional(),
        /** The end of the time over which it was measured. */
        at: z.iso.datetime(),
        tell: z.array(userIdSchema).max(50),
      }),
      { publish: 'server' },
    ),
  },
  { everywhere: true },
)
