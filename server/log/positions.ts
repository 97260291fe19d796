import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import { inTransaction, type Queryable } from '../storage/transaction.ts'
import { firstOf, type RoomId, type Seq } from './entry.ts'
import { decodeSegment } from './segment.ts'

/** The lock under which a room's entries are packed or thinned; whoever pins a position holds it meanwhile. */
export const POSITIONS_LOCK = `select pg_advisory_xact_lock(hashtextextended('syncline.pack', $1))`

/**
 * To be asked before anything is said of a position that somebody names: what is derived from the log, and kept in
 * memory or in tables, may still know moments that retention has merged.
 * @throws SynclineError `position-gone`
 */
export async function requirePosition(db: Queryable, room: RoomId, position: Seq): Promise<void> {
  const { rows } = await db.query<{ bytes: Uint8Array }>({
    name: 'require position',
    text: `select bytes from room_segments
      where room_id = $1 and last_seq >= $2 and first_seq <= $2 and stage > 0 order by last_seq limit 1`,
    values: [room, position],
  })
  if (rows[0] === undefined) return
  // Whoever reads the position says that this cannot be read; a block may have it nevertheless.
  const entries = await decodeSegment(rows[0].bytes).catch(() => [])
  const entry = entries.find(({ seq }) => seq >= position)
  if (entry !== undefined && entry.seq !== position)
    throw positionGone(position, firstOf(entry) - 1, entry.seq)
}

/**
 * Has a position stay while somebody writes down that it is needed, in one transaction with that.
 * @throws SynclineError `position-gone`
 */
export const pinPosition = <Result>(
  pool: pg.Pool,
  room: RoomId,
  position: Seq,
  act: (client: Queryable) => Promise<Result>,
): Promise<Result> =>
  inTransaction(pool, async (client) => {
    await client.query(POSITIONS_LOCK, [room])
    await requirePosition(client, room, position)
    return act(client)
  })

/** Of one position, those that are left nearest to it: itself, or around what retention has merged. */
export interface Nearest {
  readonly before: Seq
  readonly after: Seq
}

/** The nearest of each of these positions. What cannot be read is said by whoever reads it: it counts as there. */
export async function nearestPositions(
  db: Queryable,
  room: RoomId,
  positions: readonly Seq[],
): Promise<(position: Seq) => Nearest> {
  const { rows } = await db.query<{ bytes: Uint8Array }>({
    name: 'nearest positions',
    text: `select bytes from room_segments s where room_id = $1 and stage > 0
      and exists (select from unnest($2::bigint[]) p where p between s.first_seq and s.last_seq)`,
    values: [room, positions],
  })
  const merged: { readonly first: Seq; readonly seq: Seq }[] = []
  // One at a time, and of each only its spans: a segment is megabytes, and a page may touch a hundred.
  for (const { bytes } of rows) {
    for (const entry of await decodeSegment(bytes).catch(() => []))
      if (entry.merged !== undefined) merged.push({ first: firstOf(entry), seq: entry.seq })
  }
  return (position) => {
    const over = merged.find(({ first, seq }) => first <= position && seq > position)
    return over === undefined
      ? { before: position, after: position }
      : { before: over.first - 1, after: over.seq }
  }
}

export const positionGone = (position: Seq, before: Seq, after: Seq): SynclineError =>
  new SynclineError('position-gone', `of ${position}, the nearest that are left are ${before} and ${after}`)
