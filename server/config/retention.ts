import { z } from 'zod'

/** How long the past of a room is kept as it was written, in days. */
export interface RetentionRule {
  /** Every keystroke; after that, one entry an editing session. */
  readonly keystrokes: number
  /** Every session; after that, the versions. Left out: for ever. */
  readonly sessions?: number | undefined
}

/** Room kind, or `*` for every other, to its rule. A kind without one keeps everything. */
export type Retention = Readonly<Record<string, RetentionRule>>

const day = z.number('must be a number of days').min(1, 'must be a day or more').max(36_500)

const kind = z.string().regex(/^(\*|[a-z][a-z0-9-]{0,31})$/, 'is not a kind of room, nor *')

const rules = z.record(
  kind,
  z
    .strictObject({ keystrokes: day, sessions: day.optional() })
    .refine(
      ({ keystrokes, sessions = 36_500 }) => sessions >= keystrokes,
      'sessions must not be fewer days than keystrokes',
    ),
)

/** `RETENTION`, which is JSON. */
export const retention = z.string().transform((value, context): Retention => {
  const parsed = rules.safeParse(jsonOf(value))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue?.path.join('.') || 'it'
  context.addIssue({
    code: 'custom',
    message: `must be JSON such as {"doc":{"keystrokes":30,"sessions":365}}: ${where} ${issue?.message ?? ''}`,
  })
  return z.NEVER
})

/** How long events are kept, in days: room kind, or `*` for every other that says nothing itself. */
export type EventDays = Readonly<Record<string, number>>

const eventRules = z.record(kind, day)

/** `EVENT_RETENTION`, which is JSON. */
export const eventRetention = z.string().transform((value, context): EventDays => {
  const parsed = eventRules.safeParse(jsonOf(value))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue?.path.join('.') || 'it'
  context.addIssue({
    code: 'custom',
    message: `must be JSON such as {"build":90,"*":365}: ${where} ${issue?.message ?? ''}`,
  })
  return z.NEVER
})

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
