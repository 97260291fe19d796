import { z } from '@hono/zod-openapi'
import { ERRORS, type ErrorCode, SynclineError } from '../errors.ts'
import { MAX_MEASURES } from '../protocol.ts'
import { alertRule } from './alert-rule.ts'
import { type labels, type Measured, measure, metricName } from './measure.ts'
import type { MetricsQuery } from './metrics.ts'
import { BATCHES_KEPT, bucketAt, oldest, WIDTHS } from './widths.ts'

/** How far ahead of this node another's clock may be, in ms: a measure of that moment is one of now. */
const AHEAD = 5_000
/** Buckets of an answer, where `from` is left out. */
const SHOWN = 120
const MAX_NAMES = 50

export const roomParam = z.object({ room: z.string() })
export const alertParam = roomParam.extend({
  alert: z.string().regex(/^[^\p{Cc}\p{Cs}]{1,100}$/u, 'must be 1 to 100 printable characters'),
})

const id = z.string().regex(/^[\x21-\x7e]{1,100}$/, 'must be 1 to 100 printable ASCII characters')

export const batchSchema = z
  .strictObject({
    id: id.openapi({ description: 'Chosen by the sender. The same again, within two hours, counts once' }),
    sentAt: z.iso.datetime({ offset: true }).optional().openapi({
      description:
        'What the clock said that `at` was read of, as this was sent; every `at` is put right by it. Where it is more than two hours ago nothing is counted',
    }),
    measures: z.array(measure).min(1).max(MAX_MEASURES),
  })
  .openapi('MeasureBatch')

export const takenSchema = z
  .object({
    counted: z.int(),
    refused: z
      .array(z.object({ code: z.enum(Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]]), count: z.int() }))
      .openapi({ description: 'Measures of the batch that are not counted, by the reason' }),
  })
  .openapi('MeasuresTaken')

export const metricsQuery = z.object({
  names: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(metricName).min(1).max(MAX_NAMES))
    .optional()
    .openapi({ description: 'With commas between them; all where it is left out' }),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  width: z
    .enum(WIDTHS.map(String) as [string, ...string[]])
    .default('5')
    .openapi({ description: 'Of the buckets, in seconds; they are kept an hour, two days and a year' }),
})

const pointSchema = z.object({
  at: z.iso.datetime(),
  count: z.int(),
  sum: z.number(),
  min: z.number(),
  max: z.number(),
  p50: z.number(),
  p95: z.number(),
  p99: z.number(),
})

export const metricsSchema = z
  .object({
    width: z.int(),
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    series: z.array(
      z.object({
        name: z.string(),
        labels: z.record(z.string(), z.string()),
        points: z.array(pointSchema).openapi({
          description:
            'Oldest first; a bucket of which there is nothing is left out. Quantiles are within 2 %, all else is exact',
        }),
      }),
    ),
  })
  .openapi('Metrics')

export const alertSchema = z
  .object({
    name: z.string(),
    rule: alertRule,
    raised: z.boolean(),
    raisedAt: z.iso.datetime().nullable().openapi({ description: 'Since when; null where it is not raised' }),
    value: z.number().nullable().openapi({ description: 'As it was last; null where there was nothing' }),
    failure: z
      .string()
      .nullable()
      .openapi({ description: 'Why it could not be looked at, the last time; null where it could' }),
  })
  .openapi('Alert')

interface Sent {
  readonly sentAt?: string | undefined
  readonly measures: readonly {
    readonly name: string
    readonly value: number
    readonly labels: z.output<typeof labels>
    readonly at?: string | undefined
  }[]
}

/** What is to be counted; `outOfTime` is how many cannot be. */
export function measuresOf({ sentAt, measures }: Sent): {
  readonly timely: readonly Measured[]
  readonly outOfTime: number
} {
  const now = Date.now()
  const behind = sentAt === undefined ? 0 : now - Date.parse(sentAt)
  // Sent so long ago it may have been counted, and nobody would know.
  if (behind > BATCHES_KEPT * 1_000) return { timely: [], outOfTime: measures.length }
  const timely = measures
    .map(({ at, ...measured }) => ({ ...measured, at: at === undefined ? now : Date.parse(at) + behind }))
    .filter(({ at }) => at >= oldest(now) && at <= now + AHEAD)
    .map((measured) => ({ ...measured, at: Math.min(measured.at, now) }))
  return { timely, outOfTime: measures.length - timely.length }
}

/** @throws SynclineError `request-invalid` where it ends before it begins */
export function queryOf({ names, from, to, width: text }: z.output<typeof metricsQuery>): MetricsQuery {
  const width = WIDTHS.find((known) => String(known) === text) ?? 5
  const until = to === undefined ? Date.now() : Date.parse(to)
  const since = bucketAt(from === undefined ? until - SHOWN * width * 1_000 : Date.parse(from), width)
  if (since >= until) throw new SynclineError('request-invalid', 'query: from must be before to')
  return { names, width, from: since, to: until }
}
