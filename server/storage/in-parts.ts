import type { Queryable } from './transaction.ts'

/** Rows of one part. */
export const PART = 10_000

/** Runs a statement that changes `PART` rows at most until it finds fewer, or is to stop: none takes long, however much there is. */
export async function inParts(
  db: Queryable,
  text: string,
  values: readonly unknown[],
  signal: AbortSignal,
): Promise<void> {
  let rows: number | null = PART
  while (rows === PART && !signal.aborted) rows = (await db.query(text, [...values])).rowCount
}
