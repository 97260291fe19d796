import type { Queryable } from '../storage/transaction.ts'

/**
 * A batch that a lane has taken. Postgres loses what is newest, never something from between: a database that has this batch has
 * all that was committed before it.
 */
export interface LaneMark {
  readonly lane: string
  readonly batch: number
}

/** Lanes as they stand in the database. */
export interface LaneRows {
  /** It is not to be believed yet: it is still catching up, and may come to have what it lacks. */
  readonly standby: boolean
  /** With the time since each has committed, in ms. */
  readonly lanes: readonly (LaneMark & { readonly age: number })[]
}

const rowsWhere = (condition: string): string => `
  (select json_build_object('standby', pg_is_in_recovery(), 'lanes', coalesce(json_agg(
     json_build_object('lane', id, 'batch', batch, 'age', extract(epoch from now() - used_at) * 1000)), '[]'::json))
   from log_lanes where ${condition})`

const NEWEST = `used_at > (select max(used_at) from log_lanes) - interval '1 minute'`

/**
 * The lanes that have committed last, as one value. Whoever reads how far a room is, and is to know what that stands for, reads them in
 * the same statement: one of these batches was committed with the room's last entry, or after it.
 */
export const NEWEST_LANES = rowsWhere(NEWEST)

/** And these. */
export const newestLanesAnd = (lanes: string): string => rowsWhere(`${NEWEST} or id = any(${lanes}::uuid[])`)

const LANES = `select ${rowsWhere('id = any($1::uuid[])')} as there`

/** The condition that the database has all of these marks, given as two arrays. */
export const areThere = (lanes: string, batches: string): string => `
  not exists (select from unnest(${lanes}::uuid[], ${batches}::bigint[]) as mark(lane, batch) left join log_lanes l on l.id = mark.lane
    where l.batch is null or l.batch < mark.batch)`

/**
 * A mark that is so much older than another one, in ms, says nothing that the other does not: much more than what a commit takes.
 */
const OUTLIVED = 60_000
/** A lane that has not committed for so long, in ms, may have been forgotten for that: after seven days (lane.ts). */
const FORGOTTEN = 6 * 24 * 60 * 60_000

/**
 * How far the lanes are known to be, also those of other nodes: from what this node committed, what others told it of, and what it
 * read. Nobody but a lane takes its numbers, so a database that has lost its last batch goes on showing that, while rooms may be as far
 * again by what others have written since.
 */
export class LaneLedger {
  readonly #heard = new Map<string, { readonly batch: number; readonly at: number }>()
  #era = 0

  /** Counts how often the database has gone back: what was asked in another era may have been answered by the database that was. */
  get era(): number {
    return this.#era
  }

  /** It is in the database, since so many ms. */
  heard({ lane, batch }: LaneMark, age = 0): void {
    if (batch > (this.#heard.get(lane)?.batch ?? -1)) this.#heard.set(lane, { batch, at: Date.now() - age })
  }

  /** They are in the database. */
  read({ lanes }: LaneRows): void {
    for (const { age, ...mark } of lanes) this.heard(mark, age)
  }

  /** The lane is not there any more, on a connection that has seen nothing go back: somebody has tidied up. */
  forget(lane: string): void {
    this.#heard.delete(lane)
  }

  /** That the database has gone back is known, and all rooms begin anew. */
  clear(): void {
    this.#era += 1
    this.#heard.clear()
  }

  /** What is to be there. */
  get marks(): readonly LaneMark[] {
    const newest = Math.max(...[...this.#heard.values()].map(({ at }) => at))
    const oldest = Math.max(newest - OUTLIVED, Date.now() - FORGOTTEN)
    for (const [lane, { at }] of this.#heard) if (at < oldest) this.#heard.delete(lane)
    return [...this.#heard].map(([lane, { batch }]) => ({ lane, batch }))
  }

  /**
   * Whether the database lacks one of these.
   * @throws Error with the SQLSTATE 57P03 while it is a standby that was not promoted yet
   */
  lacks(marks: readonly LaneMark[], { standby, lanes }: LaneRows): boolean {
    if (standby)
      throw Object.assign(new Error('the database is a standby that is not promoted yet'), { code: '57P03' })
    const found = new Map(lanes.map(({ lane, batch }) => [lane, batch]))
    return marks.some(({ lane, batch }) => (found.get(lane) ?? -1) < batch)
  }

  /** Whether the database lacks what is known of it, whatever has become known meanwhile. */
  async lost(db: Queryable): Promise<boolean> {
    const { era, marks } = this
    const { rows } = await db.query<{ there: LaneRows }>(LANES, [marks.map(({ lane }) => lane)])
    return era === this.#era && rows.some(({ there }) => this.lacks(marks, there))
  }
}
