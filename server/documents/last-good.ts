import { SynclineError } from '../errors.ts'
import type { Seq } from '../log/entry.ts'
import type { Log } from '../log/log.ts'
import type { RoomLog } from '../log/room-log.ts'
import { Fold, problemOf } from './fold.ts'
import type { Sandbox } from './sandbox.ts'

/**
 * The last entry up to which a room's log makes a document that can be opened and stored, tried in a process of its
 * own from the first entry on: no snapshot is believed. 0 where not even the first entry does.
 */
export async function lastGoodEntry(log: Log, room: RoomLog, sandbox: Sandbox): Promise<Seq> {
  const last = await lastApplied(log, room, sandbox)
  if (await opens(log, room, sandbox, last)) return last
  // All entries can be applied, and what they make cannot be encoded: by halving, since what follows does not mend it.
  const ends: Seq[] = [0]
  for await (const { seq } of log.read(room.id, 0, last)) ends.push(seq)
  let [low, high] = [0, ends.length - 1]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (await opens(log, room, sandbox, ends[middle] ?? 0)) low = middle
    else high = middle
  }
  return ends[low] ?? 0
}

async function lastApplied(log: Log, room: RoomLog, sandbox: Sandbox): Promise<Seq> {
  const fold = new Fold(log, room, sandbox)
  try {
    return (await fold.until(room.head))?.good ?? room.head
  } catch (error) {
    if (error instanceof SynclineError && error.code === 'room-damaged') return fold.done
    throw error
  }
}

async function opens(log: Log, room: RoomLog, sandbox: Sandbox, until: Seq): Promise<boolean> {
  const broken = await new Fold(log, room, sandbox).until(until)
  return broken === undefined && (await problemOf(sandbox, { kind: 'settle' })) === undefined
}
