import type { Queryable } from './transaction.ts'

/** Whether there is a word to be found, and not only some that must not be. */
export async function saysWhat(db: Queryable, words: string): Promise<boolean> {
  const { rows } = await db.query<{ tree: string }>(
    "select querytree(websearch_to_tsquery('simple', $1)) as tree",
    [words],
  )
  return !['', 'T'].includes(rows[0]?.tree ?? '')
}
