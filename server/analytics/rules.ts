import { isAdministrator } from '../access/grants.ts'
import type { RoomRule } from '../access/room-rule.ts'
import { SYSTEM_ROOM } from './measure.ts'

/** What the server measures of itself is read by administrators, and written by nobody else than the server. */
const systemRule: RoomRule = {
  createdByEntering: false,
  most: ({ grants, defers }) => (!defers && isAdministrator(grants) ? 'read' : undefined),
  roleOf: (_identity, _room, most) => Promise.resolve(most),
}

export const analyticsRules: Readonly<Record<string, RoomRule>> = { [SYSTEM_ROOM]: systemRule }
