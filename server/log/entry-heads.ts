import type pg from 'pg'
import { type Entry, firstOf, type RoomId, type Seq } from './entry.ts'
import { decodeSegment } from './segment.ts'

/** An entry without what it holds. */
export interface EntryHead {
  readonly seq: Seq
  /** The first position that it stands for: less than `seq` where retention has merged several. */
  readonly first: Seq
  /** When the server took it, in milliseconds since the epoch. */
  readonly at: number
  readonly actor: string
  /** Of an edit, or of an event's payload. */
  readonly bytes: number
  /** Null for an edit. */
  readonly type: string | null
}

const UNPACKED = `
select * from (
  (select seq, at, actor, length(bytes) as bytes, null as type from room_updates
   where room_id = $1 and seq > $2 order by seq limit $3)
  union all
  (select seq, at, actor, size, type from room_events
   where room_id = $1 and seq > $2 order by seq limit $3)
) entries order by seq limit $3`

const NEXT_SEGMENT = `
select last_seq, bytes from room_segments where room_id = $1 and last_seq > $2 order by first_seq limit 1`

interface Row {
  readonly seq: string
  readonly at: Date
  readonly actor: string
  readonly bytes: number
  readonly type: string | null
}

/**
 * The first entries after a position, at most `limit`, in order. What is not stored any more is left out.
 * What is unpacked is read first: an entry that is packed meanwhile is then in both, and not in neither.
 */
export async function readEntryHeads(
  pool: pg.Pool,
  room: RoomId,
  after: Seq,
  limit: number,
): Promise<readonly EntryHead[]> {
  const { rows } = await pool.query<Row>({
    name: 'entry heads',
    text: UNPACKED,
    values: [room, after, limit],
  })
  const heads = new Map<Seq, EntryHead>()
  for await (const head of packedHeads(pool, room, after)) {
    heads.set(head.seq, head)
    if (heads.size === limit) break
  }
  for (const { seq, at, actor, bytes, type } of rows) {
    heads.set(Number(seq), { seq: Number(seq), first: Number(seq), at: at.getTime(), actor, bytes, type })
  }
  return [...heads.values()].sort((a, b) => a.seq - b.seq).slice(0, limit)
}

async function* packedHeads(pool: pg.Pool, room: RoomId, after: Seq): AsyncGenerator<EntryHead> {
  let last = after
  for (;;) {
    const { rows } = await pool.query<{ last_seq: string; bytes: Uint8Array }>({
      name: 'next segment',
      text: NEXT_SEGMENT,
      values: [room, last],
    })
    const [segment] = rows
    if (segment === undefined) return
    for (const entry of await decodeSegment(segment.bytes)) {
      if (entry.seq > last && !changesNothing(entry)) yield headOf(entry)
    }
    last = Number(segment.last_seq)
  }
}

/** Stands for an event, which is stored elsewhere. */
const changesNothing = ({ bytes }: Entry): boolean => bytes.length === 2 && bytes[0] === 0 && bytes[1] === 0

const headOf = (entry: Entry): EntryHead => ({
  seq: entry.seq,
  first: firstOf(entry),
  at: entry.at,
  actor: entry.actor,
  bytes: entry.bytes.length,
  type: null,
})
