import type { Decision } from '../access/authorizer.ts'
import type { Identity } from '../access/identity.ts'
import type { Role } from '../protocol.ts'

/** Who is to be let in to a room over a request that stays open. */
export interface Visitor {
  readonly identity: Identity
  readonly room: string
  readonly decision: Decision
  /** The authorizer's, from before it decided. */
  readonly epoch: number
  /** Where they come from. */
  readonly address: string
}

/** A request that stays open: it counts as a connection, and ends when what let it in ends. */
export interface Visit {
  readonly role: Role | undefined
  /** Aborted when they may stay no longer; its reason is the SynclineError that says why. */
  readonly ended: AbortSignal
  /** The reader has not kept up. */
  tooSlow(): void
  leave(): void
}

/** @throws SynclineError `shutting-down`, `revoked`, `too-many-connections` */
export type Admit = (visitor: Visitor) => Visit
