import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { SynclineError } from '../errors.ts'
import { type RoomId, SYSTEM } from '../log/entry.ts'
import { createRoom, findRoom } from '../log/rooms.ts'
import type { Sketch } from '../observe/sketch.ts'
import type { Allowance } from './allowance.ts'
import type { Batch, Sampled } from './commit.ts'
import { type Measured, REFUSED, SYSTEM_ROOM } from './measure.ts'
import type { Recorder } from './recorder.ts'
import { BATCHES_KEPT } from './widths.ts'

/** Something that a node has measured of itself in the last five seconds: one value, or many. */
export type SystemMeasure =
  | { readonly name: string; readonly value: number }
  | { readonly name: string; readonly sketch: Sketch }

/** Samples that wait while the database is away: ten minutes of a node's own. */
const MOST_SAMPLES = 120

interface Waiting {
  readonly room: string
  readonly end: number
  readonly batch: Batch
}

export interface OwnMeasuresOptions {
  readonly pool: pg.Pool
  readonly recorder: Recorder
  readonly allowance: Allowance
  readonly systemSample: () => readonly SystemMeasure[]
}

/** What the server itself measures: how it is, in its own room, and what it has refused, in the rooms of which that was. */
export class OwnMeasures {
  readonly #options: OwnMeasuresOptions
  /** Of this node; another start is another one. */
  readonly #node = randomUUID()
  /** Of the next batch: a time may come again where the clock is set back. */
  #next = 0
  #samples: readonly Waiting[] = []
  /** One of each room: while it is not known to be recorded, what more is refused there adds up in the allowance. */
  #refusals = new Map<string, Waiting>()

  constructor(options: OwnMeasuresOptions) {
    this.#options = options
  }

  /** Makes the server's own room, so that it can be watched before anything is measured. */
  async open(): Promise<void> {
    await this.#roomOf(SYSTEM_ROOM)
  }

  /** Asks what was measured up to the end of a bucket, and keeps it until it is recorded. */
  sample(end: number): void {
    const { allowance, systemSample } = this.#options
    // Into the bucket that ends here.
    const at = end - 1
    const waiting = (room: string, measures: Batch['measures']): Waiting => ({
      room,
      end,
      batch: { user: SYSTEM, id: `${this.#node} ${this.#next++}`, measures, outOfTime: 0 },
    })
    const measures = systemSample().flatMap((measured) => sampled(measured, at))
    this.#samples = [...this.#samples, waiting(SYSTEM_ROOM, measures)].slice(-MOST_SAMPLES)
    const refusals = [...allowance.drain(this.#refusals)].map(([room, codes]) =>
      waiting(
        room,
        [...codes].map(([reason, value]) => ({ name: REFUSED, labels: { reason }, value, at })),
      ),
    )
    // After that it might count twice.
    const known = [...this.#refusals.values()].filter((one) => end - one.end < BATCHES_KEPT * 1_000)
    this.#refusals = new Map([...known, ...refusals].map((one) => [one.room, one]))
  }

  /**
   * Records what waits, once; what comes meanwhile waits for the next time. One call at a time.
   * @throws what failed first, once all that can be recorded is
   */
  async record(): Promise<void> {
    const byRoom = Map.groupBy([...this.#samples, ...this.#refusals.values()], ({ room }) => room)
    const failures = (
      await Promise.all([...byRoom].map(([room, waiting]) => this.#recordIn(room, waiting)))
    ).flat()
    if (failures.length > 0) throw failures[0]
  }

  /** What failed. The room is looked for once: of a database that stands still each question keeps a connection. */
  async #recordIn(name: string, waiting: readonly Waiting[]): Promise<readonly unknown[]> {
    const { recorder } = this.#options
    try {
      const room = await this.#roomOf(name)
      const settled = await Promise.allSettled(
        waiting.map(async (one) => {
          if (room !== undefined) await recorder.record(room, one.batch).catch(unlessDeleted)
          this.#forget(one)
        }),
      )
      return settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
    } catch (error) {
      return [error]
    }
  }

  #forget(done: Waiting): void {
    this.#samples = this.#samples.filter((one) => one !== done)
    if (this.#refusals.get(done.room) === done) this.#refusals.delete(done.room)
  }

  /** A room that is gone, or was never there, has nothing to be told. */
  async #roomOf(name: string): Promise<RoomId | undefined> {
    const { pool } = this.#options
    try {
      const found = await findRoom(pool, name)
      if (found !== undefined) return found.id
      return name === SYSTEM_ROOM ? (await createRoom(pool, name, SYSTEM)).id : undefined
    } catch (error) {
      return unlessDeleted(error)
    }
  }
}

function unlessDeleted(error: unknown): undefined {
  if (!(error instanceof SynclineError && error.code === 'room-deleted')) throw error
}

function sampled(measured: SystemMeasure, at: number): readonly (Measured | Sampled)[] {
  const { name } = measured
  if ('value' in measured) return [{ name, labels: {}, value: measured.value, at }]
  return measured.sketch.count === 0 ? [] : [{ name, labels: {}, sketch: measured.sketch, at }]
}
