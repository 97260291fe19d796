import { type RoomId, SEVERAL, type Seq } from '../../log/entry.ts'
import type { Queryable } from '../../storage/transaction.ts'
import type { Share } from './slices.ts'

/** Somebody who ever wrote in a room. */
export interface Writer extends Share {
  readonly id: string
  /** As they were last called; null where nobody said. */
  readonly name: string | null
}

/** What was done in a stretch of a room's positions. */
export interface Bucket {
  readonly firstSeq: Seq
  readonly lastSeq: Seq
  readonly at: number
  readonly inserted: number
  readonly deleted: number
}

const MOST_WRITERS = 500

/** Everybody whose work is indexed, most entries first. */
export async function readWriters(db: Queryable, room: RoomId): Promise<readonly Writer[]> {
  const { rows } = await db.query<Writer>({
    name: 'writers',
    text: `select a.actor as id, p.name, sum(a.entries)::float8 as entries, sum(a.inserted)::float8 as inserted,
        sum(a.deleted)::float8 as deleted, (extract(epoch from min(a.first_at)) * 1000)::float8 as "firstAt",
        (extract(epoch from max(a.last_at)) * 1000)::float8 as "lastAt"
      from history_activity a left join people p on p.id = a.actor
      where a.room_id = $1 and (a.actor <> '${SEVERAL}' or a.entries > 0)
      group by a.actor, p.name order by sum(a.entries) desc, a.actor limit ${MOST_WRITERS}`,
    values: [room],
  })
  return rows
}

interface BucketRow {
  readonly bucket: number
  readonly at: number
  readonly inserted: number
  readonly deleted: number
}

/**
 * How much was written and deleted in each of at most `buckets` stretches of equally many entries, up to `head`.
 * A slice that lies in several is spread over them evenly.
 */
export async function readActivity(
  db: Queryable,
  room: RoomId,
  head: Seq,
  buckets: number,
): Promise<readonly Bucket[]> {
  const width = Math.max(1, Math.ceil(head / buckets))
  const { rows } = await db.query<BucketRow>({
    name: 'activity in buckets',
    text: `select bucket::int, (extract(epoch from min(first_at)) * 1000)::float8 as at,
        sum(inserted::float8 / (last - first + 1)) as inserted, sum(deleted::float8 / (last - first + 1)) as deleted
      from history_activity,
        lateral (select (first_seq - 1) / $2 as first, (least(last_seq, $3) - 1) / $2 as last) as span,
        lateral generate_series(first, last) as bucket
      where room_id = $1 and first_seq <= $3
      group by bucket order by bucket`,
    values: [room, width, head],
  })
  return rows.map(({ bucket, at, inserted, deleted }) => ({
    firstSeq: bucket * width + 1,
    lastSeq: Math.min(head, (bucket + 1) * width),
    at,
    inserted: Math.round(inserted),
    deleted: Math.round(deleted),
  }))
}
