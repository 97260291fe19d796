import type { Seq } from '../log/entry.ts'
import type { Log } from '../log/log.ts'
import type { RoomLog } from '../log/room-log.ts'
import { Fold, problemOf } from './fold.ts'
import { newestSnapshot, readTail } from './load.ts'
import type { Sandbox, SandboxOptions } from './sandbox.ts'

/** What opening a room may take where it is tried, in ms: whoever joins it waits as long. */
export const OPENING = { within: 60_000, patience: 180_000 } as const satisfies SandboxOptions

export interface Verdict {
  readonly entries: Seq
  /** Snapshots that were compared with the log. */
  readonly snapshots: number
  readonly problems: readonly string[]
}

/**
 * Rebuilds a room from its first entry, in a process of its own, and holds each of its snapshots against the
 * log at the same seq. An entry that cannot be applied, or that ends the process, is named.
 * @throws SynclineError `room-damaged` where entries are missing or cannot be read, `rate-limited` where the machine is too busy.
 */
export async function verifyRoom(log: Log, room: RoomLog, sandbox: Sandbox): Promise<Verdict> {
  const problems: string[] = []
  const states = new Map<Seq, Uint8Array>()
  for await (const { seq, state } of log.storedSnapshots(room.id)) {
    if (state === undefined) problems.push(`the snapshot at ${seq} is damaged`)
    else if (seq > room.head) problems.push(`the snapshot at ${seq} is beyond the log`)
    else states.set(seq, state)
  }
  const fold = new Fold(log, room, sandbox)
  let compared = 0
  for (const seq of [...states.keys(), room.head].sort((a, b) => a - b)) {
    const broken = await fold.until(seq)
    if (broken !== undefined) {
      problems.push(broken.problem)
      return { entries: room.head, snapshots: compared, problems }
    }
    const state = states.get(seq)
    if (state === undefined || !states.delete(seq)) continue
    compared += 1
    const differs = await problemOf(sandbox, { kind: 'compare', state })
    if (differs !== undefined) problems.push(`the snapshot at ${seq} is not what the log makes of it`)
  }
  const stuck = await problemOf(sandbox, { kind: 'settle' })
  if (stuck !== undefined) problems.push(`the document cannot be stored: ${stuck}`)
  return { entries: room.head, snapshots: compared, problems }
}

/**
 * Why the room cannot be opened from its newest snapshot and what follows, tried elsewhere; undefined where it can.
 * @throws SynclineError `rate-limited` where the machine is too busy to know
 */
export async function whyUnopenable(log: Log, room: RoomLog, sandbox: Sandbox): Promise<string | undefined> {
  const { seq, state } = await newestSnapshot(log, room)
  const tail = await readTail(log, room, { after: seq, until: room.head })
  const updates = state === null ? tail : [state, ...tail]
  const folded = await problemOf(sandbox, { kind: 'fold', afresh: true, updates })
  return folded ?? (await problemOf(sandbox, { kind: 'settle' }))
}
