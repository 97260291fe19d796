import { z } from 'zod'
import { defineKind, event } from '../kind.ts'
import { id, labels } from './values.ts'

/** What is counted: `analytics:<subject>`. */
export const analytics = defineKind(
  'analytics',
  {
    measured: event(
      z.strictObject({ name: id, value: z.number(), unit: id.optional(), labels: labels.optional() }),
    ),
  },
  { keepDays: 90 },
)
