import { Feed } from '../storage/feed.ts'
import type { RoomId } from './entry.ts'

/** A room was deleted, by whichever node. */
export interface Deletion {
  readonly room: RoomId
  /** Nothing is left of it but its tombstone. */
  readonly erased: boolean
  /** When, in ms since the epoch. */
  readonly at: number
}

const SINCE = `
  select id, erased_at is not null as erased, greatest(deleted_at, erased_at) as at from rooms
  where deleted_at is not null and greatest(deleted_at, erased_at) > $1 order by 3`

interface Row {
  readonly id: string
  readonly erased: boolean
  readonly at: Date
}

/** Tells of every room with a tombstone, purged or not, and again when it is erased. */
export const followDeletions = (learn: (deletion: Deletion) => void): Feed<Deletion> =>
  new Feed(
    {
      newest: 'select max(greatest(deleted_at, erased_at)) from rooms where deleted_at is not null',
      since: async (db, at) => {
        const { rows } = await db.query<Row>({ name: 'deletions', text: SINCE, values: [new Date(at)] })
        return rows.map((row) => ({
          room: Number(row.id) as RoomId,
          erased: row.erased,
          at: row.at.getTime(),
        }))
      },
    },
    learn,
  )
