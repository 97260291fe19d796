import type { Queryable } from './transaction.ts'

/**
 * The time, in ms since the epoch: the database's, or this machine's where that is earlier. What is dropped for its age is gone, and
 * one clock that is ahead is not to drop what is young.
 */
export async function earlierNow(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ now: number }>('select (extract(epoch from now()) * 1000)::float8 as now')
  return Math.min(Date.now(), ...rows.map(({ now }) => now))
}
