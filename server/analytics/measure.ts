import { z } from '@hono/zod-openapi'

/** The kind of the rooms that measures go to: `analytics:<org>`. */
export const ANALYTICS_KIND = 'analytics'
/** The room in which the server writes what it measures of itself. */
export const SYSTEM_ROOM = `${ANALYTICS_KIND}:system`

/** Names that begin so are the server's own. */
const OWN = 'syncline.'
export const isOwn = (name: string): boolean => name.startsWith(OWN)

/** What was refused in a room, by the code of the refusal: that something is missing from the counts can be seen in the counts. */
export const REFUSED = `${OWN}refused`

export const MAX_MEASURES = 1_000
const MAX_LABELS = 8
/** Sums of these stay far from where they would be infinite. */
const MAX_VALUE = 1e15

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
  .regex(
    /^[a-zA-Z][a-zA-Z0-9._:/-]{0,99}$/,
    'must be a letter and up to 99 letters, digits and any of . _ : / -',
  )

/** A label's text is what grows without bound if anything does: short, and without what no database or log can hold. */
const labelText = z.string().regex(/^[^\p{Cc}\p{Cs}]{0,100}$/u, 'must be up to 100 printable characters')
export const labels = z
  .record(z.string().regex(/^[a-zA-Z][a-zA-Z0-9_]{0,31}$/, 'must be a word such as region'), labelText)
  .refine((all) => Object.keys(all).length <= MAX_LABELS, `must be ${MAX_LABELS} labels at most`)

export const measure = z.strictObject({
  name: metricName.refine((name) => !isOwn(name), `must not begin with ${OWN}`),
  value: z
    .number()
    .min(-MAX_VALUE)
    .max(MAX_VALUE)
    .default(1)
    .openapi({ description: '1 where it is left out: it happened' }),
  labels: labels.default({}),
  at: z.iso.datetime({ offset: true }).optional().openapi({ description: 'Now where it is left out' }),
})
