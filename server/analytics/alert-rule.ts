import { z } from '@hono/zod-openapi'
import { userIdSchema } from '../access/identity.ts'
import type { Sketch } from '../observe/sketch.ts'
import { labels, metricName } from './measure.ts'
import { TICK, type Width } from './widths.ts'

const SIX_HOURS = 6 * 60 * 60
/** Up to here five-second buckets are read, beyond it those of a minute; in seconds. */
const FINE = 10 * 60

const LEVELS = ['info', 'warning', 'critical'] as const

/** What is measured, and when that is not as it should be. */
export const alertRule = z
  .strictObject({
    metric: metricName,
    labels: labels.default({}).openapi({ description: 'Series that have these, and maybe others, together' }),
    of: z.enum(['count', 'sum', 'mean', 'min', 'max', 'p50', 'p95', 'p99', 'rate']).openapi({
      description:
        '`rate`: values a second. Of nothing, count, sum and rate are 0, and the others never break',
    }),
    over: z
      .int()
      .min(TICK / 1_000)
      .max(SIX_HOURS)
      .multipleOf(TICK / 1_000)
      .openapi({ description: 'Of the values of so many seconds, up to now; beyond 600, to the minute' }),
    is: z.enum(['above', 'below']),
    threshold: z.number(),
    for: z
      .int()
      .min(0)
      .max(24 * 60 * 60)
      .default(0)
      .openapi({
        description: 'It is raised, and resolved, once it has been so for so many seconds without a break',
      }),
    level: z.enum(LEVELS).default('warning'),
    tell: z
      .array(userIdSchema)
      .max(50)
      .default([])
      .openapi({ description: 'Who has a notification of it, whether or not they may read the room' }),
  })
  .openapi('AlertRule')

export type AlertRule = z.output<typeof alertRule>

/** Which buckets a rule is about, at the end of a bucket (ms since the epoch). */
export function windowOf({ over }: AlertRule, end: number): { readonly width: Width; readonly from: number } {
  const from = end - over * 1_000
  return over <= FINE ? { width: 5, from } : { width: 60, from: from - (from % 60_000) }
}

/** What a rule is about, of all values together; undefined where that is nothing. */
export function measuredBy({ of, over }: AlertRule, all: Sketch): number | undefined {
  if (of === 'count') return all.count
  if (of === 'sum') return all.sum
  if (of === 'rate') return all.count / over
  if (all.count === 0) return undefined
  if (of === 'mean') return all.sum / all.count
  if (of === 'min' || of === 'max') return all[of]
  return all.quantile(Number(of.slice(1)) / 100)
}

export const isBroken = ({ is, threshold }: AlertRule, value: number | undefined): boolean =>
  value !== undefined && (is === 'above' ? value > threshold : value < threshold)
