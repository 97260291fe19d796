import type { Authorizer } from '../access/authorizer.ts'
import type { Identity } from '../access/identity.ts'
import type { Revocations } from '../access/revocations.ts'
import type { Verify } from '../access/verifier.ts'

export interface ChatAccess {
  readonly verify: Verify
  readonly authorizer: Authorizer
  readonly revocations: Pick<Revocations, 'check' | 'roomsTakenFrom'>
}

/** Whether what is listed of somebody's own chats may be shown to this token: it may grant fewer rooms than its bearer belongs to. */
export function shownTo(
  { authorizer, revocations }: ChatAccess,
  identity: Identity,
): (room: string) => boolean {
  const taken = new Set(revocations.roomsTakenFrom(identity))
  return (room) => !taken.has(room) && authorizer.most(identity, room) !== undefined
}
