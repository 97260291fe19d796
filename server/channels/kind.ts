import type { z } from 'zod'
import type { Role } from '../protocol.ts'

/** Who publishes an event: whoever has that role, or nobody but the server itself. */
export type PublishedBy = Role | 'server'

/** One type of event: what it carries, and who may publish and read it. */
export interface EventDefinition<Payload extends z.ZodType = z.ZodType> {
  readonly payload: Payload
  /** The least role that publishes it. */
  readonly publish: PublishedBy
  /** The least role that is told of it. */
  readonly read: Role
  readonly about: About | undefined
}

/** That an event is about an earlier one of its room, which has to be there. */
export interface About {
  /** The part of the payload that has the earlier one's id. It may be left out where the schema lets it. */
  readonly field: string
  /** What the earlier one may be, with its kind: `chat.message`. */
  readonly types: readonly string[]
  /** Whose it has to be; `author`: the publisher's own; an `admin` of the room may also stand in for them where it is said. */
  readonly by: 'author' | 'author or admin' | 'anyone'
}

export interface EventRules {
  /** Default `write`. */
  readonly publish?: PublishedBy
  /** Default `read`. */
  readonly read?: Role
  readonly about?: About
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
  /** Which of these may be published in rooms of all kinds; `true`: all. */
  readonly everywhere: boolean | readonly string[]
}

/** An event whose payload has this schema. An object of unknown keys is best refused: `z.strictObject`. */
export const event = <Payload extends z.ZodType>(
  payload: Payload,
  { publish = 'write', read = 'read', about }: EventRules = {},
): EventDefinition<Payload> => ({ payload, publish, read, about })

/** The events of the rooms `name:…`, or of all rooms; on the wire each is called `name.event`. */
export const defineKind = <
  const Name extends string,
  const Events extends Readonly<Record<string, EventDefinition>>,
>(
  name: Name,
  events: Events,
  {
    keepDays,
    everywhere = false,
  }: { readonly keepDays?: number; readonly everywhere?: boolean | readonly (keyof Events & string)[] } = {},
): Kind<Name, Events> => ({ name, events, keepDays, everywhere })

/** Every event type of some kinds, with what its payload is once it is stored. */
export type PayloadsOf<AnyKind> =
  AnyKind extends Kind<infer Name, infer Events>
    ? { readonly [Event in keyof Events & string as `${Name}.${Event}`]: z.output<Events[Event]['payload']> }
    : never
