import type { Authorizer } from '../access/authorizer.ts'
import type { Identity } from '../access/identity.ts'
import { type Grants, ROLES, type Role } from '../protocol.ts'

/**
 * What somebody may be told of, in a form that a query can ask for: exactly what the authorizer says of every room, unless
 * an application is asked, which may refuse some.
 */
export interface Scope {
  /** Rooms, `kind:*` and `*:*` to the rank of the role there; below 0 for none. */
  readonly ranks: Readonly<Record<string, number>>
  /** Types to the rank of the role that is told of them. */
  readonly needs: Readonly<Record<string, number>>
}

const rankOf = (role: Role | undefined): number => (role === undefined ? -1 : ROLES.indexOf(role))

/** By the grants of a token, less the rooms that were taken from its bearer. */
export function scopeOf(
  identity: Identity,
  taken: readonly string[],
  types: ReadonlyMap<string, Role>,
): Scope {
  // An application is asked about each: until then, everything is possible.
  const grants: Grants = identity.defers ? { '*:*': 'admin' } : identity.grants
  return {
    ranks: {
      ...Object.fromEntries(Object.entries(grants).map(([pattern, role]) => [pattern, rankOf(role)])),
      ...Object.fromEntries(taken.map((room) => [room, -1])),
    },
    needs: needsOf(types),
  }
}

/** By what the authorizer decides of each of these rooms; of no others. */
export async function decidedScope(
  authorizer: Pick<Authorizer, 'decide'>,
  identity: Identity,
  rooms: readonly string[],
  taken: readonly string[],
  types: ReadonlyMap<string, Role>,
): Promise<Scope> {
  const decided = await Promise.all(
    rooms.map(async (room) => [room, rankOf((await authorizer.decide(identity, room)).role)] as const),
  )
  const refused = taken.map((room) => [room, -1] as const)
  return { ranks: Object.fromEntries([...decided, ...refused]), needs: needsOf(types) }
}

export const isWithin = ({ ranks, needs }: Scope, room: string, type: string): boolean =>
  (ranks[room] ?? -1) >= (needs[type] ?? rankOf('write'))

const needsOf = (types: ReadonlyMap<string, Role>): Scope['needs'] =>
  Object.fromEntries([...types].map(([type, role]) => [type, rankOf(role)]))

/** Of a row of `activities`: what a scope says of its room reaches what is needed for its type. */
export const WITHIN_SCOPE = (ranks: string, needs: string): string =>
  `coalesce(${ranks}::jsonb ->> room, ${ranks}::jsonb ->> (kind || ':*'), ${ranks}::jsonb ->> '*:*', '-1')::int
    >= coalesce((${needs}::jsonb ->> type)::int, ${rankOf('write')})`
