import type { Queryable } from '../storage/transaction.ts'

/** Whose access to what: a person everywhere, everybody in a room, or a person in a room. */
export interface RevocationSubject {
  readonly user?: string | undefined
  readonly room?: string | undefined
}

export interface Revocation extends RevocationSubject {
  /** Tokens issued until then are worth nothing any more; milliseconds since the epoch, by the database's clock. */
  readonly at: number
}

interface Row {
  readonly user_id: string | null
  readonly room: string | null
  readonly at: Date
}

// To the millisecond, rounded up: a Date holds no more, and an earlier `at` in memory would let a token through.
const INSERT = `
  insert into revocations (user_id, room, at)
  values ($1, $2, date_trunc('milliseconds', clock_timestamp()) + interval '1 millisecond')
  on conflict (user_id, room) do update set at = greatest(revocations.at, excluded.at)
  returning user_id, room, at`

const SINCE = 'select user_id, room, at from revocations where at > $1 order by at'

export async function insertRevocation(
  client: Queryable,
  { user, room }: RevocationSubject,
): Promise<Revocation> {
  const { rows } = await client.query<Row>(INSERT, [user ?? null, room ?? null])
  const revocation = rows.map(toRevocation)[0]
  if (revocation === undefined) throw new Error('insert … returning gave no row')
  return revocation
}

/** For a Feed, as is `revocationsSince`. */
export const NEWEST_REVOCATION = 'select max(at) from revocations'

/** Those after `at` (milliseconds since the epoch), oldest first. */
export async function revocationsSince(client: Queryable, at: number): Promise<readonly Revocation[]> {
  const { rows } = await client.query<Row>({ name: 'revocations', text: SINCE, values: [new Date(at)] })
  return rows.map(toRevocation)
}

const toRevocation = ({ user_id: user, room, at }: Row): Revocation => ({
  user: user ?? undefined,
  room: room ?? undefined,
  at: at.getTime(),
})
