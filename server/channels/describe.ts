import { z } from 'zod'
import type { Role } from '../protocol.ts'
import type { Kind, PublishedBy } from './kind.ts'

/** A kind of rooms as it is shown to whoever wants to publish. */
export interface KindDescription {
  readonly name: string
  /** After how many days its events may be dropped; null for never. */
  readonly keepDays: number | null
  readonly events: {
    readonly type: string
    readonly publish: PublishedBy
    readonly read: Role
    /** JSON Schema of what a publisher sends. */
    readonly payload: Record<string, unknown>
  }[]
}

/** What JSON Schema has no words for, as a check of one's own, is left out of it. */
export const jsonSchemaOf = (schema: z.ZodType): Record<string, unknown> =>
  z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })

export const describeKind = ({ name, events, keepDays }: Kind): KindDescription => ({
  name,
  keepDays: keepDays ?? null,
  events: Object.entries(events).map(([event, { publish, read, payload }]) => ({
    type: `${name}.${event}`,
    publish,
    read,
    payload: jsonSchemaOf(payload),
  })),
})
