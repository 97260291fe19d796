import { roleIn, weaker } from '../access/grants.ts'
import type { RoomRule } from '../access/room-rule.ts'
import { SynclineError } from '../errors.ts'
import { isStorageFailure } from '../storage/failure.ts'
import type { Queryable } from '../storage/transaction.ts'
import { memberRole } from './members.ts'

export const CHAT_KIND = 'chat'

/** A chat is its members': a grant is only the most that one of them can be, and an administrator of all is a stranger. */
export const chatRule = (db: Queryable): RoomRule => ({
  createdByEntering: false,
  most: ({ grants, defers }, room) => (defers ? 'admin' : roleIn(grants, room)),
  roleOf: async ({ user }, room, most) => {
    try {
      const role = await memberRole(db, room, user)
      return role && weaker(role, most)
    } catch (error) {
      if (!isStorageFailure(error)) throw error
      throw new SynclineError('authorization-unavailable', undefined, { cause: error })
    }
  },
})
