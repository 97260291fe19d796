import type { Entry, Seq } from '../log/entry.ts'
import type { Log } from '../log/log.ts'
import type { RoomLog } from '../log/room-log.ts'
import { type Sandbox, SandboxDied } from './sandbox.ts'
import type { Task } from './sandbox-tasks.ts'

/** Entries that are applied in one task, as long as nothing goes wrong. */
const BATCH = { entries: 1_000, bytes: 4 * 1024 * 1024 }

/** Where the log does not go on. */
export interface Broken {
  /** Names the entry, and says why. */
  readonly problem: string
  /** The last entry before it that was applied; 0 where it is the first. */
  readonly good: Seq
}

/** A room's entries applied in order, somewhere they can do no harm. */
export class Fold {
  readonly #log: Log
  readonly #room: RoomLog
  readonly #sandbox: Sandbox
  #done: Seq | undefined

  constructor(log: Log, room: RoomLog, sandbox: Sandbox) {
    this.#log = log
    this.#room = room
    this.#sandbox = sandbox
  }

  /** The last entry that was applied. */
  get done(): Seq {
    return this.#done ?? 0
  }

  /**
   * Applies what is missing up to this entry; says which one cannot be.
   * @throws SynclineError `room-damaged` where an entry is missing or cannot be read; those before it are applied.
   *   `rate-limited` where the machine is too busy to know: then this is to be thrown away.
   */
  async until(seq: Seq): Promise<Broken | undefined> {
    if (this.#done === undefined) {
      await this.#sandbox.run({ kind: 'fold', afresh: true, updates: [] })
      this.#done = 0
    }
    let batch: Entry[] = []
    let bytes = 0
    const apply = async () => {
      // Taken out first: where this throws they may not be applied again, to what another process has, which is nothing.
      const entries = batch
      batch = []
      bytes = 0
      const broken = entries.length === 0 ? undefined : await this.#apply(entries)
      if (broken === undefined) this.#done = entries.at(-1)?.seq ?? this.#done
      return broken
    }
    try {
      for await (const entry of this.#log.read(this.#room.id, this.#done, seq)) {
        batch.push(entry)
        bytes += entry.bytes.length
        if (batch.length < BATCH.entries && bytes < BATCH.bytes && entry.seq < seq) continue
        const broken = await apply()
        if (broken !== undefined) return broken
      }
    } catch (error) {
      const broken = await apply()
      if (broken !== undefined) return broken
      throw error
    }
    return undefined
  }

  async #apply(entries: readonly Entry[]): Promise<Broken | undefined> {
    const updates = entries.map(({ bytes }) => bytes)
    try {
      const { at, problem } = await this.#sandbox.run({ kind: 'fold', afresh: false, updates })
      return problem === undefined ? undefined : this.#broken(entries, at ?? 0, problem)
    } catch (error) {
      if (!(error instanceof SandboxDied)) throw error
      return this.#bisect(entries, error)
    }
  }

  /** Where a batch has ended the process: the good part again, then one entry after the other. */
  async #bisect(entries: readonly Entry[], died: SandboxDied): Promise<Broken> {
    const before: Uint8Array[] = []
    for await (const { bytes } of this.#log.read(this.#room.id, 0, this.done)) before.push(bytes)
    let afresh = true
    for (const [at, entry] of [undefined, ...entries].entries()) {
      const task: Task = { kind: 'fold', afresh, updates: entry === undefined ? before : [entry.bytes] }
      try {
        const { problem } = await this.#sandbox.run(task)
        if (problem !== undefined) return this.#broken(entries, at - 1, problem)
      } catch (error) {
        if (!(error instanceof SandboxDied)) throw error
        return this.#broken(entries, at - 1, `cannot be applied: ${error.message}`)
      }
      afresh = false
    }
    const problem = `entries ${this.done + 1} to ${entries.at(-1)?.seq} cannot be applied together: ${died.message}`
    return { problem, good: this.done }
  }

  #broken(entries: readonly Entry[], at: number, problem: string): Broken {
    const seq = entries[at]?.seq ?? this.done
    return { problem: `entry ${seq} ${problem}`, good: entries[at - 1]?.seq ?? this.done }
  }
}

export async function problemOf(sandbox: Sandbox, task: Task): Promise<string | undefined> {
  try {
    return (await sandbox.run(task)).problem
  } catch (error) {
    if (error instanceof SandboxDied) return error.message
    throw error
  }
}
