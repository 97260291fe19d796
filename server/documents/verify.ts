import { isDeepStrictEqual } from 'node:util'
import * as Y from 'yjs'
import type { Seq } from '../log/entry.ts'
import type { Log } from '../log/log.ts'
import type { RoomLog } from '../log/room-log.ts'
import { hasPending } from './load.ts'

export interface Verdict {
  readonly entries: Seq
  /** Snapshots that were compared with the log. */
  readonly snapshots: number
  readonly problems: readonly string[]
}

/** Rebuilds a room from its first entry and holds each of its snapshots against the log at the same seq. */
export async function verifyRoom(log: Log, room: RoomLog): Promise<Verdict> {
  const problems: string[] = []
  const states = new Map<Seq, Uint8Array>()
  for await (const { seq, state } of log.snapshots(room.id)) states.set(seq, state)
  const doc = new Y.Doc()
  const compared = new Set<Seq>()
  for await (const entry of log.read(room.id, 0, room.head)) {
    Y.applyUpdate(doc, entry.bytes)
    if (hasPending(doc)) {
      problems.push(`entry ${entry.seq} builds on one that is not in the log`)
      break
    }
    const state = states.get(entry.seq)
    if (state === undefined) continue
    compared.add(entry.seq)
    if (!holds(state, doc)) problems.push(`the snapshot at ${entry.seq} is not what the log makes of it`)
  }
  for (const seq of states.keys()) {
    if (!compared.has(seq) && problems.length === 0) problems.push(`the snapshot at ${seq} is beyond the log`)
  }
  doc.destroy()
  return { entries: room.head, snapshots: compared.size, problems }
}

/** Whether a state is the same document: the same structs, the same deletions, the same content in every type. */
function holds(state: Uint8Array, doc: Y.Doc): boolean {
  const other = new Y.Doc()
  Y.applyUpdate(other, state)
  const same =
    Y.equalSnapshots(Y.snapshot(other), Y.snapshot(doc)) &&
    isDeepStrictEqual(Y.encodeStateAsUpdate(other), Y.encodeStateAsUpdate(reloaded(doc)))
  other.destroy()
  return same
}

/** Loading merges neighbouring structs; two encodings can only be compared when both have been through it. */
function reloaded(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  return copy
}
