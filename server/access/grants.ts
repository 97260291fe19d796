import { z } from 'zod'
import { type Grants, ROLES, ROOM_NAME, type Role } from '../protocol.ts'

/** The most patterns that one token may carry. */
const MAX_GRANTS = 1000

const KIND_PATTERN = /^[a-z][a-z0-9-]{0,31}:\*$/

const isPattern = (text: string): boolean => text === '*:*' || KIND_PATTERN.test(text) || ROOM_NAME.test(text)

/** Room pattern to role, as tokens carry them and requests ask for them. */
export const grantsSchema = z
  .record(z.string(), z.enum(ROLES, `must be one of ${ROLES.join(', ')}`), 'must map room patterns to roles')
  .superRefine((grants, context) => {
    const patterns = Object.keys(grants)
    if (patterns.length > MAX_GRANTS) {
      context.addIssue({ code: 'custom', message: `must be at most ${MAX_GRANTS} entries` })
      return
    }
    const wrong = patterns.find((pattern) => !isPattern(pattern))
    if (wrong === undefined) return
    const shown = JSON.stringify(wrong.slice(0, 60))
    context.addIssue({
      code: 'custom',
      message: `${shown} is not a pattern such as doc:readme, doc:* or *:*`,
    })
  })

/** The role in a room: the most specific pattern that matches decides alone, be it the weaker one. */
export function roleIn(grants: Grants, room: string): Role | undefined {
  const kind = room.slice(0, room.indexOf(':'))
  for (const pattern of [room, `${kind}:*`, '*:*']) {
    // A token is somebody else's JSON: what every object inherits is no grant.
    if (Object.hasOwn(grants, pattern)) return grants[pattern]
  }
  return undefined
}

/** Whether a role, if there is one, may do what `needed` may. */
export const atLeast = (role: Role | undefined, needed: Role): boolean =>
  role !== undefined && ROLES.indexOf(role) >= ROLES.indexOf(needed)

export const weaker = (one: Role, other: Role): Role => (atLeast(one, other) ? other : one)
/** Whether grants make their bearer an administrator of the whole server. */
export const isAdministrator = (grants: Grants): boolean =>
  Object.hasOwn(grants, '*:*') && grants['*:*'] === 'admin'

/** Rooms in a form that a query can ask for. */
export type Readable = 'all' | { readonly kinds: readonly string[]; readonly names: readonly string[] }

/**
 * The rooms in which grants may give somebody the role that is needed. Every pattern counts, not only the most specific
 * one, which may take a stronger role away: for all but reading each room is to be decided.
 */
export function readable(grants: Grants, needed: Role = 'read'): Readable {
  const patterns = Object.keys(grants).filter((pattern) => atLeast(grants[pattern], needed))
  if (patterns.includes('*:*')) return 'all'
  const isKind = (pattern: string) => pattern.endsWith(':*')
  return {
    kinds: patterns.filter(isKind).map((pattern) => pattern.slice(0, -2)),
    names: patterns.filter((pattern) => !isKind(pattern)),
  }
}
