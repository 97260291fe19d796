import type pg from 'pg'
import * as Y from 'yjs'
import { checkUpdate } from '../../documents/check-update.ts'
import { SynclineError } from '../../errors.ts'
import { isEvent, type RoomId, type Seq } from '../../log/entry.ts'
import { read } from '../../log/read.ts'
import { snapshots } from '../../log/snapshot.ts'

/** A document as the log has it, to be written in. */
export interface CurrentDocument {
  readonly doc: Y.Doc
  readonly head: Seq
}

/**
 * The newest snapshot and what came after it: not the room's past, which is long.
 * @throws SynclineError `room-damaged`
 */
export async function documentAt(pool: pg.Pool, room: RoomId, head: Seq): Promise<CurrentDocument> {
  const doc = new Y.Doc()
  if (head === 0) return { doc, head }
  let seq: Seq = 0
  for await (const snapshot of snapshots(pool, room)) {
    Y.applyUpdate(doc, snapshot.state)
    seq = snapshot.seq
    break
  }
  const tail: Uint8Array[] = []
  for await (const { bytes } of read(pool, room, seq, Math.max(seq, head), 'edits')) tail.push(bytes)
  doc.transact(() => {
    for (const update of tail) Y.applyUpdate(doc, update)
  })
  return { doc, head: Math.max(seq, head) }
}

/** The first position after `after` at which the document changed, undefined where it did not: events change nothing. */
export async function changeAfter(
  pool: pg.Pool,
  room: RoomId,
  after: Seq,
  head: Seq,
): Promise<Seq | undefined> {
  if (after > head) throw new SynclineError('position-invalid', `the room is at ${head}`)
  try {
    for await (const entry of read(pool, room, after, head, 'edits')) if (!isEvent(entry)) return entry.seq
  } catch (error) {
    if (error instanceof SynclineError && error.code === 'position-gone') return head
    throw error
  }
  return undefined
}

/** The first entry of a range in which a client id has written. */
export async function entryBy(
  pool: pg.Pool,
  room: RoomId,
  { after, head, client }: { readonly after: Seq; readonly head: Seq; readonly client: number },
): Promise<Seq | null> {
  for await (const { seq, bytes } of read(pool, room, after, head, 'edits')) {
    if (checkUpdate(bytes).runs.some((run) => run.client === client)) return seq
  }
  return null
}
