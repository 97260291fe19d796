import { SynclineError } from '../errors.ts'
import type { Queryable } from '../storage/transaction.ts'
import { type Entry, firstOf, NO_CHANGE, type RoomId, type Seq } from './entry.ts'
import { positionGone } from './positions.ts'
import { decodeSegment } from './segment.ts'

/** Positions that are asked for at a time, and stored bytes of them, the row that reaches it included: more never stands in memory. */
const PAGE = { positions: 5_000, bytes: 16 * 1024 * 1024 }

/**
 * One snapshot of the database, so that entries being packed just now are in one of the two, and in one only. Events
 * stay where they are when their positions are packed.
 */
const STORED = `
select first_seq as first, last_seq as last, null::float8 as at, null as actor, bytes from room_segments
where room_id = $1 and last_seq > $2 and first_seq <= $3
union all
select seq, seq, extract(epoch from at) * 1000, actor, bytes from room_updates
where room_id = $1 and seq > $2 and seq <= $3`

const UNPACKED_EVENTS = `
from room_events where room_id = $1 and seq <= $3
  and seq > greatest($2, (select max(last_seq) from room_segments where room_id = $1))`

/** Of these rows as many as a page has bytes for, and of how many they are. Postgres knows lengths without fetching bytes. */
const paged = (rows: string): string => `
select first, last, at, actor, bytes, of from (
  select *, count(*) over () as of,
    coalesce(sum(length(bytes)) over (order by first rows between unbounded preceding and 1 preceding), 0) as before
  from (${rows}) stored
) measured where before < $4 order by first`

const READ = {
  all: paged(`${STORED} union all
    select seq, seq, extract(epoch from at) * 1000, actor, null ${UNPACKED_EVENTS}`),
  /** Of a run of events only from where to where: a room may have a million. */
  edits: paged(`${STORED} union all
    select min(seq), max(seq), 0, '', null
    from (select seq, seq - row_number() over (order by seq) as run ${UNPACKED_EVENTS}) events
    group by run`),
}

interface Row {
  readonly first: string
  readonly last: string
  readonly at: number | null
  /** Null for a segment. */
  readonly actor: string | null
  /** Null for events. */
  readonly bytes: Uint8Array | null
  /** Rows of this page, were there no bound on its bytes. */
  readonly of: string
}

/**
 * The committed entries after `after`, up to and including `until`, in order; each stands for the positions since
 * the one before it. An event is one of `NO_CHANGE`, and with `edits` so is a run of them.
 * @param within what one of its questions may take, in ms; as the pool has it where it is left out
 * @throws SynclineError `room-damaged` where an entry is missing or a segment cannot be read; `position-gone` where
 * retention has merged the entries around `after` or `until`.
 */
export async function* read(
  db: Queryable,
  room: RoomId,
  after: Seq,
  until: Seq,
  what: keyof typeof READ = 'all',
  within?: number,
): AsyncGenerator<Entry> {
  let last = after
  while (last < until) {
    const begin = last
    const end = Math.min(last + PAGE.positions, until)
    const { rows } = await db.query<Row>({
      name: `read ${what}`,
      text: READ[what],
      values: [room, last, end, PAGE.bytes],
      ...(within !== undefined && { query_timeout: within }),
    })
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
    const cut = rows.length < Number(rows[0]?.of ?? 0) && last > begin
    if (last < end && !cut) throw new SynclineError('room-damaged', `entry ${last + 1} of the log is missing`)
  }
}

const gone = (position: Seq, entry: Entry): SynclineError =>
  positionGone(position, firstOf(entry) - 1, entry.seq)

async function entriesOf({ first, last, at, actor, bytes }: Row): Promise<readonly Entry[]> {
  const seq = Number(last)
  if (actor !== null) {
    const entry = { seq, at: Number(at), actor, bytes: bytes ?? NO_CHANGE }
    return [first === last ? entry : { ...entry, merged: { first: Number(first), since: 0, actors: [] } }]
  }
  try {
    return await decodeSegment(bytes ?? new Uint8Array())
  } catch (cause) {
    throw new SynclineError('room-damaged', `the segment that starts at entry ${first} cannot be read`, {
      cause,
    })
  }
}
