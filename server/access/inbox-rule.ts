import type { Role } from '../protocol.ts'
import { isAdministrator } from './grants.ts'
import type { Identity } from './identity.ts'
import type { RoomRule } from './room-rule.ts'

/** The kind of the room that is one person's own: `user:ada` is Ada's. */
export const INBOX_KIND = 'user'

export const inboxOf = (user: string): string => `${INBOX_KIND}:${user}`

/**
 * Everybody may write in their own, whatever their token grants. Somebody else's takes a grant that names it or its kind; `*:*`
 * says so only as an administrator's.
 */
export const inboxRule: RoomRule = {
  createdByEntering: true,
  most: ({ user, grants, defers }: Identity, room): Role | undefined => {
    const named = [room, `${INBOX_KIND}:*`].find((pattern) => !defers && Object.hasOwn(grants, pattern))
    const granted = named === undefined ? undefined : grants[named]
    if (granted !== undefined && room !== inboxOf(user)) return granted
    if (room === inboxOf(user)) return granted === 'admin' ? 'admin' : 'write'
    return !defers && isAdministrator(grants) ? 'admin' : undefined
  },
  roleOf: (_identity, _room, most) => Promise.resolve(most),
}
