import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import { type Entry, firstOf, type RoomId, type Seq } from './entry.ts'
import { positionGone } from './positions.ts'
import { decodeSegment } from './segment.ts'

/** Rows fetched at a time, so that a long history never stands in memory twice. */
const PAGE = 5_000

/** One snapshot of the database, so that entries being packed just now are in one of the two, and in one only. */
const READ = `
select first_seq as seq, null as at, null as actor, bytes from room_segments
where room_id = $1 and last_seq > $2 and first_seq <= $3
union all
select seq, extract(epoch from at) * 1000 as at, actor, bytes from room_updates
where room_id = $1 and seq > $2 and seq <= $3
order by 1`

interface Row {
  readonly seq: string
  readonly at: string | null
  readonly actor: string | null
  readonly bytes: Uint8Array
}

/**
 * The committed entries after `after`, up to and including `until`, in order; each stands for the positions since
 * the one before it.
 * @throws SynclineError `room-damaged` where an entry is missing or a segment cannot be read; `position-gone` where
 * retention has merged the entries around `after` or `until`.
 */
export async function* read(pool: pg.Pool, room: RoomId, after: Seq, until: Seq): AsyncGenerator<Entry> {
  let last = after
  while (last < until) {
    const end = Math.min(last + PAGE, until)
    const { rows } = await pool.query<Row>({ name: 'read', text: READ, values: [room, last, end] })
    for (const row of rows) {
      for (const entry of await entriesOf(row)) {
        const first = firstOf(entry)
        if (entry.seq <= last || first > end) continue
        if (first <= last) throw gone(last, entry)
        if (first > last + 1) break
        if (entry.seq > until) throw gone(until, entry)
        last = entry.seq
        yield entry
      }
    }
    if (last < end) throw new SynclineError('room-damaged', `entry ${last + 1} of the log is missing`)
  }
}

const gone = (position: Seq, entry: Entry): SynclineError =>
  positionGone(position, firstOf(entry) - 1, entry.seq)

async function entriesOf(row: Row): Promise<readonly Entry[]> {
  const seq = Number(row.seq)
  if (row.actor !== null) return [{ seq, at: Number(row.at), actor: row.actor, bytes: row.bytes }]
  try {
    return await decodeSegment(row.bytes)
  } catch (cause) {
    throw new SynclineError('room-damaged', `the segment that starts at entry ${seq} cannot be read`, {
      cause,
    })
  }
}
