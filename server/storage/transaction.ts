import type pg from 'pg'

/** What can be asked: the pool, or one connection of it in a transaction. */
export type Queryable = Pick<pg.Pool, 'query'>

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
