import { z } from '@hono/zod-openapi'
import {
  LABEL_NAME,
  LABEL_TEXT,
  labelsBytes,
  MAX_LABELS,
  MAX_LABELS_BYTES,
  MAX_METRIC_VALUE,
  METRIC_NAME,
  SERVER_METRIC,
} from '../protocol.ts'

/** The kind of the rooms that measures go to: `analytics:<org>`. */
export const ANALYTICS_KIND = 'analytics'
/** The room in which the server writes what it measures of itself. */
export const SYSTEM_ROOM = `${ANALYTICS_KIND}:system`

export const isOwn = (name: string): boolean => name.startsWith(SERVER_METRIC)

/** What was refused in a room, by the code of the refusal: that something is missing from the counts can be seen in the counts. */
export const REFUSED = `${SERVER_METRIC}refused`

export type Labels = Readonly<Record<string, string>>

/** A value of a series: of its name with these labels. */
export interface Measured {
  readonly name: string
  readonly labels: Labels
  readonly value: number
  /** Milliseconds since the epoch. */
  readonly at: number
}

export const metricName = z
  .string()
  .regex(METRIC_NAME, 'must be a letter and up to 99 letters, digits and any of . _ : / -')

export const labels = z
  .record(
    z.string().regex(LABEL_NAME, 'must be a word such as region'),
    z.string().regex(LABEL_TEXT, 'must be up to 100 printable characters'),
  )
  .refine((all) => Object.keys(all).length <= MAX_LABELS, `must be ${MAX_LABELS} labels at most`)
  .refine((all) => labelsBytes(all) <= MAX_LABELS_BYTES, `must be ${MAX_LABELS_BYTES} bytes of JSON at most`)

export const measure = z.strictObject({
  name: metricName.refine((name) => !isOwn(name), `must not begin with ${SERVER_METRIC}`),
  value: z
    .number()
    .min(-MAX_METRIC_VALUE)
    .max(MAX_METRIC_VALUE)
    .default(1)
    .openapi({ description: '1 where it is left out: it happened' }),
  labels: labels.default({}),
  at: z.iso.datetime({ offset: true }).optional().openapi({ description: 'Now where it is left out' }),
})
