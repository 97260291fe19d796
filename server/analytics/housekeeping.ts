import { inParts, PART } from '../storage/in-parts.ts'
import type { Queryable } from '../storage/transaction.ts'
import { BATCHES_KEPT, KEPT, WIDTHS } from './widths.ts'

/** What is deleted is older than that by so much, so that nobody adds to it at the same moment; in seconds. */
const SLACK = 600

const OLD_BUCKETS = `
  delete from analytics_buckets where ctid = any(array(
    select ctid from analytics_buckets where width = $1 and at < now() - $2 * interval '1 second' limit ${PART}))`
const OLD_BATCHES = `
  delete from analytics_batches where ctid = any(array(
    select ctid from analytics_batches where at < now() - $1 * interval '1 second' limit ${PART}))`
/** One that has just been made has a bucket, or is not to be seen yet. */
const EMPTY_SERIES = `
  delete from analytics_series s where not exists (select from analytics_buckets b where b.series_id = s.id)`

/** Forgets what is older than it is kept, and the series of which nothing is left. */
export async function forgetOld(db: Queryable, signal: AbortSignal): Promise<void> {
  for (const width of WIDTHS) await inParts(db, OLD_BUCKETS, [width, KEPT[width] + SLACK], signal)
  await inParts(db, OLD_BATCHES, [BATCHES_KEPT], signal)
  if (!signal.aborted) await db.query(EMPTY_SERIES)
}
