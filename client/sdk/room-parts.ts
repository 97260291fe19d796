import type { Attention } from './attention.ts'
import type { MemoryStores } from './events/outbox-store.ts'
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
  /** Name of the database on this device that keeps what was published; `undefined` keeps none. */
  readonly outboxName: string | undefined
  /** Where it waits otherwise. */
  readonly memory: MemoryStores
  readonly released: () => void
}
