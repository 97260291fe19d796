import type { Connection } from '@hocuspocus/server'
import type { Identity } from '../access/identity.ts'
import type { Bus } from '../bus.ts'
import type { SynclineError } from '../errors.ts'
import type { Logger } from '../observe/log.ts'

/** What a room asks of whoever keeps it. */
export interface PresenceHouse {
  /** Undefined where there are no other nodes. */
  readonly bus: Bus | undefined
  readonly logger: Logger
  identityOf(connection: Connection): Identity | undefined
  /** Whether somebody may be heard at once, with nothing to be decided first. */
  mayAsk(connection: Connection): boolean
  refuse(connection: Connection, error: SynclineError): void
}
