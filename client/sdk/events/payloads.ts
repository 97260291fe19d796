import type { BuiltInPayloads } from '../../../server/channels/kinds/built-in.ts'
import type { RoomEvent } from '../../../server/protocol.ts'

/**
 * Every type of event and what it carries. An application adds the events of its own kinds of rooms:
 *
 *     declare module 'syncline/client' {
 *       interface EventPayloads {
 *         readonly 'recipe.cooked': { readonly minutes: number }
 *       }
 *     }
 *
 * or, where it can import the kind that it gave to the server, `interface EventPayloads extends PayloadsOf<typeof recipe> {}`.
 */
export interface EventPayloads extends BuiltInPayloads {}

export type EventType = keyof EventPayloads & string

/** A committed event of that type; of several types, one of them, told apart by `type`. */
export type EventOf<Type extends EventType = EventType> = Type extends EventType
  ? RoomEvent<Type, EventPayloads[Type]>
  : never
