import type { Authorizer, Decision } from '../access/authorizer.ts'
import type { Identity } from '../access/identity.ts'
import type { Revocations } from '../access/revocations.ts'
import { SynclineError } from '../errors.ts'
import type { Role } from '../protocol.ts'

export interface EntryOptions {
  readonly authorizer: Authorizer
  readonly revocations: Pick<Revocations, 'check'>
}

/** Somebody who may read a room. */
export interface Entry {
  readonly identity: Identity
  readonly role: Role
  readonly decision: Decision
  /** The authorizer's, from before it decided. */
  readonly epoch: number
}

/**
 * Before anything is looked up: who may not read a room is not told whether it exists.
 * @throws SynclineError `forbidden`, `revoked`, `room-name-invalid`, `authorization-unavailable`
 */
export async function enter(
  identity: Identity,
  room: string,
  { authorizer, revocations }: EntryOptions,
): Promise<Entry> {
  const { epoch } = authorizer
  const decision = await authorizer.decide(identity, room)
  revocations.check(identity, room)
  const { role } = decision
  if (role === undefined) throw new SynclineError('forbidden')
  return { identity, role, decision, epoch }
}
