import type { Seq } from '../log/entry.ts'
import type { Log } from '../log/log.ts'
import type { RoomLog } from '../log/room-log.ts'
import { newestSnapshot, readTail } from './load.ts'
import { type Sandbox, SandboxDied } from './sandbox.ts'
import type { Task } from './sandbox-tasks.ts'

export interface Verdict {
  readonly entries: Seq
  /** Snapshots that were compared with the log. */
  readonly snapshots: number
  readonly problems: readonly string[]
}

/** Entries that are applied in one task, as long as nothing goes wrong. */
const BATCH = { entries: 1_000, bytes: 4 * 1024 * 1024 }

/**
 * Rebuilds a room from its first entry, in a process of its own, and holds each of its snapshots against the
 * log at the same seq. An entry that cannot be applied, or that ends the process, is named.
 * @throws SynclineError `room-damaged` where entries are missing or cannot be read.
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
      problems.push(broken)
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

/** Why the room cannot be opened from its newest snapshot and what follows, tried elsewhere; undefined where it can. */
export async function whyUnopenable(log: Log, room: RoomLog, sandbox: Sandbox): Promise<string | undefined> {
  const { seq, state } = await newestSnapshot(log, room)
  const tail = await readTail(log, room, { after: seq, until: room.head })
  const updates = state === null ? tail : [state, ...tail]
  const folded = await problemOf(sandbox, { kind: 'fold', afresh: true, updates })
  return folded ?? (await problemOf(sandbox, { kind: 'settle' }))
}

/** A room's entries applied in order, somewhere they can do no harm. */
class Fold {
  readonly #log: Log
  readonly #room: RoomLog
  readonly #sandbox: Sandbox
  #done: Seq | undefined

  constructor(log: Log, room: RoomLog, sandbox: Sandbox) {
    this.#log = log
    this.#room = room
    this.#sandbox = sandbox
  }

  /** Applies what is missing up to this entry; says which one cannot be, and why. */
  async until(seq: Seq): Promise<string | undefined> {
    let batch: Uint8Array[] = []
    let bytes = 0
    let last = this.#done ?? 0
    if (this.#done === undefined) {
      await this.#sandbox.run({ kind: 'fold', afresh: true, updates: [] })
      this.#done = 0
    }
    for await (const entry of this.#log.read(this.#room.id, last, seq)) {
      batch.push(entry.bytes)
      bytes += entry.bytes.length
      last = entry.seq
      if (batch.length < BATCH.entries && bytes < BATCH.bytes && last < seq) continue
      const problem = await this.#apply(batch)
      if (problem !== undefined) return problem
      this.#done = last
      batch = []
      bytes = 0
    }
    return undefined
  }

  async #apply(updates: readonly Uint8Array[]): Promise<string | undefined> {
    const first = (this.#done ?? 0) + 1
    try {
      const { at, problem } = await this.#sandbox.run({ kind: 'fold', afresh: false, updates })
      return problem === undefined ? undefined : `entry ${first + (at ?? 0)} ${problem}`
    } catch (error) {
      if (!(error instanceof SandboxDied)) throw error
      return this.#bisect(updates, first, error)
    }
  }

  /** Where a batch has ended the process: the good part again, then one entry after the other. */
  async #bisect(updates: readonly Uint8Array[], first: Seq, died: SandboxDied): Promise<string> {
    const before = await readTailUntil(this.#log, this.#room, first - 1)
    let afresh = true
    for (const [at, update] of [undefined, ...updates].entries()) {
      const task: Task = { kind: 'fold', afresh, updates: update === undefined ? before : [update] }
      try {
        const { problem } = await this.#sandbox.run(task)
        if (problem !== undefined) return `entry ${first + at - 1} ${problem}`
      } catch (error) {
        if (!(error instanceof SandboxDied)) throw error
        return `entry ${first + at - 1} cannot be applied: ${error.message}`
      }
      afresh = false
    }
    return `entries ${first} to ${first + updates.length - 1} cannot be applied together: ${died.message}`
  }
}

async function readTailUntil(log: Log, room: RoomLog, seq: Seq): Promise<readonly Uint8Array[]> {
  const updates: Uint8Array[] = []
  for await (const entry of log.read(room.id, 0, seq)) updates.push(entry.bytes)
  return updates
}

async function problemOf(sandbox: Sandbox, task: Task): Promise<string | undefined> {
  try {
    return (await sandbox.run(task)).problem
  } catch (error) {
    if (error instanceof SandboxDied) return error.message
    throw error
  }
}
