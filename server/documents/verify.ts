import { SynclineError } from '../errors.ts'
import type { Seq } from '../log/entry.ts'
import type { Log } from '../log/log.ts'
import type { RoomLog } from '../log/room-log.ts'
import { Fold, problemOf } from './fold.ts'
import { newestSnapshot, readTail } from './load.ts'
import { type OpeningMemory, Sandbox, SandboxDied, type SandboxOptions } from './sandbox.ts'

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
 * Opens the room elsewhere, from its newest snapshot and what follows. Where what is free here is not enough, it is tried with
 * all that this process could have: a room is not damaged because others take memory.
 * @throws SynclineError `room-damaged`; `rate-limited` where there is no memory for it now, or the machine is too busy to know
 */
export async function tryOpening(log: Log, room: RoomLog, { free, most }: OpeningMemory): Promise<void> {
  const { seq, state } = await newestSnapshot(log, room)
  const tail = await readTail(log, room, { after: seq, until: room.head })
  const updates = state === null ? tail : [state, ...tail]
  try {
    await openWithin(free, updates)
  } catch (error) {
    if (!(error instanceof SandboxDied)) throw error
    await openWithin(most, updates).catch((cause: unknown) => {
      throw cause instanceof SandboxDied ? new SynclineError('room-damaged', cause.message, { cause }) : cause
    })
    throw new SynclineError('rate-limited', 'the server has no memory free for this room', { retryAfter: 60 })
  }
}

async function openWithin(memory: number, updates: readonly Uint8Array[]): Promise<void> {
  const sandbox = new Sandbox({ memory, ...OPENING })
  try {
    for (const task of [{ kind: 'fold', afresh: true, updates }, { kind: 'settle' }] as const) {
      const { problem } = await sandbox.run(task)
      if (problem !== undefined) throw new SynclineError('room-damaged', problem)
    }
  } finally {
    sandbox.close()
  }
}
