import type { Attention } from './attention.ts'
import type { RoomEventsOptions } from './events/room-events.ts'
import type { Link } from './link.ts'
import type { User } from './state.ts'
import type { Tokens } from './tokens.ts'

/** What a room has of its client. */
export interface RoomParts {
  readonly name: string
  readonly link: Link
  readonly tokens: Tokens
  readonly user: User | undefined
  readonly attention: Attention
  /** Name of the copy on this device; `undefined` keeps none. */
  readonly copyName: string | undefined
  readonly events: Pick<RoomEventsOptions, 'database' | 'copied' | 'memory'>
  readonly released: () => void
}
