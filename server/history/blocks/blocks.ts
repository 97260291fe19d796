import { SynclineError } from '../../errors.ts'
import type { RoomId, Seq } from '../../log/entry.ts'
import type { Queryable } from '../../storage/transaction.ts'
import { type Block, decodeBlock, encodeBlock } from './block.ts'

/** Entries in a block. Smaller ones take more space (1,000: 0.75 bytes an entry), and larger ones leave more to the log. */
export const BLOCK_ENTRIES = 2_000
/** Where entries are large, a block ends with the one by which it has so many bytes. */
export const BLOCK_BYTES = 16 * 1024 * 1024

/** Bytes of blocks that are fetched at a time, the one that reaches it included. */
const PAGE_BYTES = 16 * 1024 * 1024

/** The blocks after `after` that hold positions up to `until`, in order. What is damaged ends them: the log has it all. */
export async function* readBlocks(
  db: Queryable,
  room: RoomId,
  after: Seq,
  until: Seq,
  last: 'may go beyond' | 'ends there' = 'may go beyond',
): AsyncGenerator<Block> {
  for (let end = after; ; ) {
    const { rows } = await db.query<{ bytes: Uint8Array }>({
      name: 'read blocks',
      text: `select bytes from (
          select last_seq, bytes, coalesce(sum(length(bytes)) over (
            order by last_seq rows between unbounded preceding and 1 preceding), 0) as before
          from history_blocks where room_id = $1 and last_seq > $2
            and case when $4 then first_seq else last_seq end <= $3
        ) measured where before < $5 order by last_seq`,
      values: [room, end, until, last === 'may go beyond', PAGE_BYTES],
    })
    if (rows.length === 0) return
    for (const { bytes } of rows) {
      const block = whole(bytes)
      if (block === undefined || block.firstSeq !== end + 1) return
      end = block.lastSeq
      yield block
    }
  }
}

/** The end of a room's last block, 0 where it has none. */
export async function blockedTo(db: Queryable, room: RoomId): Promise<Seq> {
  const { rows } = await db.query<{ last: string | null }>({
    name: 'blocked to',
    text: 'select max(last_seq) as last from history_blocks where room_id = $1',
    values: [room],
  })
  return Number(rows[0]?.last ?? 0)
}

/** Drops the blocks that hold positions from `first` on: the log has been changed there, and they are made again. */
export async function dropBlocks(db: Queryable, room: RoomId, first: Seq): Promise<void> {
  await db.query('delete from history_blocks where room_id = $1 and last_seq >= $2', [room, first])
}

/** Writes a room's last block. What stands there or beyond says the same, or is damaged; it is made again. */
export async function writeBlock(db: Queryable, room: RoomId, block: Block): Promise<void> {
  await db.query(
    `with others as (
       delete from history_blocks where room_id = $1 and last_seq >= $2 and last_seq <> $3
     )
     insert into history_blocks (room_id, first_seq, last_seq, bytes) values ($1, $2, $3, $4)
     on conflict (room_id, last_seq) do update set first_seq = excluded.first_seq, bytes = excluded.bytes`,
    [room, block.firstSeq, block.lastSeq, encodeBlock(block)],
  )
}

function whole(bytes: Uint8Array): Block | undefined {
  try {
    return decodeBlock(bytes)
  } catch {
    return undefined // not what was written, or of a version that is not known here: made again from the log
  }
}

/** The log does not make a document. */
export const damaged = (cause: unknown): SynclineError =>
  new SynclineError('room-damaged', cause instanceof Error ? cause.message : undefined, { cause })
