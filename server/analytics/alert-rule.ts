import { z } from '@hono/zod-openapi'
import { userIdSchema } from '../access/identity.ts'
import type { Sketch } from '../observe/sketch.ts'
import { labels, metricName } from './measure.ts'
import { bucketAt, TICK, type Width } from './widths.ts'

const SIX_HOURS = 6 * 60 * 60
const HOUR = 60 * 60
/** Up to here a rule is exact to five seconds, beyond it to the minute; in seconds. */
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
      .openapi({
        description:
          'Of the values of so many seconds, up to now; beyond 600 to the minute, and of about 600 series at most',
      }),
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

/** Buckets of one width: those that begin at `from` or after it, and before `to`; in ms since the epoch. */
export interface Part {
  readonly width: Width
  readonly from: number
  readonly to: number
}

/** Which buckets a rule is about, at the end of a bucket: the widest that there are, and finer ones where these would be too much. */
export function windowOf({ over }: AlertRule, end: number): readonly Part[] {
  const from = end - over * 1_000
  const [fine, coarse] = over <= FINE ? ([5, 60] as const) : ([60, 3600] as const)
  const middle = Math.min(bucketAt(from - 1, coarse) + coarse * 1_000, end)
  // Of a long time, what has come in the seconds since the end is so little that the present hour is read whole.
  const last = over <= FINE ? Math.max(middle, bucketAt(end, coarse)) : end
  return [
    { width: fine, from: bucketAt(from, fine), to: middle },
    { width: coarse, from: middle, to: last },
    { width: fine, from: last, to: end },
  ]
}

/** How many buckets that are of each series, whenever it is looked at. */
export const mostBuckets = ({ over }: Pick<AlertRule, 'over'>): number =>
  over <= FINE
    ? Math.min(over / 5, 2 * 11 + Math.floor(over / 60))
    : Math.min(Math.ceil(over / 60) + 1, 60) + Math.ceil(over / HOUR)

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
