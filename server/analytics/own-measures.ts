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
  #samples: readonly Waiting[] = []
  /** One of each room: while it is not known to be recorded, what more is refused there adds up in the allowance. */
  #refusals: ReadonlyMap<string, Waiting> = new Map()

  constructor(options: OwnMeasuresOptions) {
    this.#options = options
  }

  /** Makes the server's own room, so that it can be watched before anything is measured. */
  async open(): Promise<void> {
    await this.#roomOf(SYSTEM_ROOM)
  }

  /** Records what was measured up to the end of a bucket, and what could not be recorded before, once. */
  async record(end: number): Promise<void> {
    const { allowance, systemSample } = this.#options
    // Into the bucket that ends here.
    const at = end - 1
    const waiting = (room: string, measures: Batch['measures']): Waiting => ({
      room,
      end,
      batch: { user: SYSTEM, id: `${this.#node} ${end}`, measures, outOfTime: 0 },
    })
    const refusals = [...allowance.drain(this.#refusals)].map(([room, codes]) =>
      waiting(
        room,
        [...codes].map(([reason, value]) => ({ name: REFUSED, labels: { reason }, value, at })),
      ),
    )
    const sample = waiting(
      SYSTEM_ROOM,
      systemSample().flatMap((measured) => sampled(measured, at)),
    )
    // After that it might count twice.
    const known = [...this.#refusals.values()].filter((one) => end - one.end < BATCHES_KEPT * 1_000)
    const [samples, refused] = await Promise.all([
      this.#recordAll([...this.#samples, sample].slice(-MOST_SAMPLES)),
      this.#recordAll([...known, ...refusals]),
    ])
    this.#samples = samples.left
    this.#refusals = new Map(refused.left.map((one) => [one.room, one]))
    const failed = [...samples.failures, ...refused.failures]
    if (failed.length > 0) throw failed[0]
  }

  /** What is left of them, and why. */
  async #recordAll(all: readonly Waiting[]): Promise<{
    readonly left: readonly Waiting[]
    readonly failures: readonly unknown[]
  }> {
    const settled = await Promise.allSettled(all.map(({ room, batch }) => this.#record(room, batch)))
    return {
      left: all.filter((_one, index) => settled[index]?.status === 'rejected'),
      failures: settled.flatMap((result) => (result.status === 'rejected' ? [result.reason] : [])),
    }
  }

  async #record(name: string, batch: Batch): Promise<void> {
    const { recorder } = this.#options
    try {
      const room = await this.#roomOf(name)
      if (room !== undefined) await recorder.record(room, batch)
    } catch (error) {
      if (!isDeleted(error)) throw error
    }
  }

  /** A room that is gone, or was never there, has nothing to be told. */
  async #roomOf(name: string): Promise<RoomId | undefined> {
    const { pool } = this.#options
    try {
      const found = await findRoom(pool, name)
      if (found !== undefined) return found.id
      return name === SYSTEM_ROOM ? (await createRoom(pool, name, SYSTEM)).id : undefined
    } catch (error) {
      if (!isDeleted(error)) throw error
      return undefined
    }
  }
}

const isDeleted = (error: unknown): boolean => error instanceof SynclineError && error.code === 'room-deleted'

function sampled(measured: SystemMeasure, at: number): readonly (Measured | Sampled)[] {
  const { name } = measured
  if ('value' in measured) return [{ name, labels: {}, value: measured.value, at }]
  return measured.sketch.count === 0 ? [] : [{ name, labels: {}, sketch: measured.sketch, at }]
}
