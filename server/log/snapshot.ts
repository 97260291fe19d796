import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import type pg from 'pg'
import type { RoomId, Seq } from './entry.ts'
import { areThere, type LaneMark } from './lane-ledger.ts'

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/** The newest stay; the one before is what a damaged newest one is replaced by. */
const KEPT = 2

export interface Snapshot {
  readonly seq: Seq
  readonly state: Uint8Array
}

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()

/**
 * Writes the fold of the room's first `seq` entries. It replaces nothing but older snapshots, and one at the
 * same seq, which says the same or is damaged. False where the database has lost something of it: the room has no such entry, or one of
 * these batches is not there.
 */
export async function saveSnapshot(
  pool: pg.Pool,
  room: RoomId,
  snapshot: Snapshot,
  marks: readonly LaneMark[],
): Promise<boolean> {
  const { rowCount } = await pool.query(
    `with reached as (
       select from rooms where id = $1 and head >= $2 and ${areThere('$6', '$7')}
     ), kept as (
       select seq from room_snapshots where room_id = $1 and seq < $2 order by seq desc limit ${KEPT - 1}
     ), dropped as (
       delete from room_snapshots
       where room_id = $1 and seq < $2 and seq not in (select seq from kept) and exists (select from reached)
     )
     insert into room_snapshots (room_id, seq, state, hash, bytes)
     select $1, $2::bigint, $3, $4, $5 from reached
     on conflict (room_id, seq) do update set at = now(), state = excluded.state, hash = excluded.hash, bytes = excluded.bytes`,
    [
      room,
      snapshot.seq,
      await compress(snapshot.state),
      sha256(snapshot.state),
      snapshot.state.length,
      marks.map(({ lane }) => lane),
      marks.map(({ batch }) => batch),
    ],
  )
  return rowCount === 1
}

/** A snapshot as it lies there; without its state where that is damaged. */
export interface StoredSnapshot {
  readonly seq: Seq
  readonly state: Uint8Array | undefined
}

/** Every snapshot of the room that is whole, newest first, read one at a time. */
export async function* snapshots(pool: pg.Pool, room: RoomId): AsyncGenerator<Snapshot> {
  for await (const { seq, state } of storedSnapshots(pool, room))
    if (state !== undefined) yield { seq, state }
}

/** Every snapshot of the room, newest first, read one at a time. */
export async function* storedSnapshots(pool: pg.Pool, room: RoomId): AsyncGenerator<StoredSnapshot> {
  let below: Seq = Number.MAX_SAFE_INTEGER
  for (;;) {
    const { rows } = await pool.query<{ seq: string; state: Uint8Array; hash: Buffer }>({
      name: 'snapshot',
      text: `select seq, state, hash from room_snapshots where room_id = $1 and seq < $2 order by seq desc limit 1`,
      values: [room, below],
    })
    const [row] = rows
    if (row === undefined) return
    below = Number(row.seq)
    yield { seq: below, state: await whole(row.state, row.hash) }
  }
}

/** The state behind the hash, or undefined where a disk or a hand has changed it. */
async function whole(stored: Uint8Array, hash: Buffer): Promise<Uint8Array | undefined> {
  try {
    const state = await decompress(stored)
    return sha256(state).equals(hash) ? state : undefined
  } catch {
    return undefined // not a zstd frame any more: as damaged as one with another hash
  }
}
