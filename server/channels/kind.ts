import type { z } from 'zod'
import type { Role } from '../protocol.ts'

/** One type of event: what it carries, and who may publish and read it. */
export interface EventDefinition<Payload extends z.ZodType = z.ZodType> {
  readonly payload: Payload
  /** The least role that publishes it. */
  readonly publish: Role
  /** The least role that is told of it. */
  readonly read: Role
}

export interface EventRules {
  /** Default `write`. */
  readonly publish?: Role
  /** Default `read`. */
  readonly read?: Role
}

/** The events that rooms of one kind have. */
export interface Kind<
  Name extends string = string,
  Events extends Readonly<Record<string, EventDefinition>> = Readonly<Record<string, EventDefinition>>,
> {
  readonly name: Name
  readonly events: Events
  /** After how many days events may be dropped; kept for ever where it is undefined. */
  readonly keepDays: number | undefined
}

/** An event whose payload has this schema. An object of unknown keys is best refused: `z.strictObject`. */
export const event = <Payload extends z.ZodType>(
  payload: Payload,
  { publish = 'write', read = 'read' }: EventRules = {},
): EventDefinition<Payload> => ({ payload, publish, read })

/** The events of the rooms `name:…`; on the wire each is called `name.event`. */
export const defineKind = <
  const Name extends string,
  const Events extends Readonly<Record<string, EventDefinition>>,
>(
  name: Name,
  events: Events,
  { keepDays }: { readonly keepDays?: number } = {},
): Kind<Name, Events> => ({ name, events, keepDays })

/** Every event type of some kinds, with what its payload is once it is stored. */
export type PayloadsOf<AnyKind> =
  AnyKind extends Kind<infer Name, infer Events>
    ? { readonly [Event in keyof Events & string as `${Name}.${Event}`]: z.output<Events[Event]['payload']> }
    : never
