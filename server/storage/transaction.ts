import type pg from 'pg'

/** What can be asked: the pool, or one connection of it in a transaction. */
export type Queryable = Pick<pg.Pool, 'query'>

/**
 * A transaction in which nothing was asked for so long is ended by Postgres, in ms. A node that is lost in the middle of one
 * would otherwise keep what it has locked for as long as nobody tells Postgres' system that its machine is gone: two hours.
 * Whoever takes longer between two questions says so, as `keptOpen` or by a setting of that transaction.
 */
export const IDLE_IN_TRANSACTION = 60_000

/** Commits what `work` has done, or, where it throws, nothing of it. */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: Queryable) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect()
  let broken = false
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    return result
  } catch (error) {
    // A connection that cannot even take this back is not given to anybody else.
    await client.query('rollback').catch(() => {
      broken = true
    })
    throw error
  } finally {
    client.release(broken)
  }
}

/** Waits in a transaction for what is done elsewhere, however long that takes. */
export async function keptOpen<Result>(client: Queryable, work: Promise<Result>): Promise<Result> {
  let asked: Promise<unknown> = Promise.resolve()
  const ask = () => {
    // A connection that is lost tells so again, to whoever goes on with the transaction.
    asked = asked.then(() => client.query('select 1')).catch(() => undefined)
  }
  const timer = setInterval(ask, IDLE_IN_TRANSACTION / 3)
  try {
    return await work
  } finally {
    clearInterval(timer)
    await asked
  }
}
