import type { Queryable } from '../storage/transaction.ts'

/** The last migration of a database. */
export async function schemaOf(client: Queryable): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    'select name from syncline_migrations order by id desc limit 1',
  )
  return rows[0]?.name ?? ''
}
