import type pg from 'pg'

/** Those that are not there at all too. */
const BEHIND = `
select k.id from unnest($1::uuid[], $2::bigint[]) as k(id, batch) left join log_lanes l on l.id = k.id
where l.batch is null or l.batch < k.batch`

/** A lane that took its last batch so long ago, in ms, may have been forgotten for that: after seven days (lane.ts). */
const FORGOTTEN = 6 * 24 * 60 * 60_000

interface Taken {
  readonly batch: number
  readonly at: number
}

/**
 * How far all lanes of this node are known to be. Nobody but a lane takes its numbers, so a database that has lost its last
 * batch shows that for ever, while rooms may be as far again by what other nodes have written since.
 */
export class LaneLedger {
  readonly #taken = new Map<string, Taken>()

  /** The lane's batch of this number is in the database. */
  taken(lane: string, batch: number): void {
    this.#taken.set(lane, { batch, at: Date.now() })
  }

  /** The lane is not there any more, on a connection that has seen nothing go back: somebody has tidied up. */
  forget(lane: string): void {
    this.#taken.delete(lane)
  }

  clear(): void {
    this.#taken.clear()
  }

  /** Whether the database has lost batches that it was not known to have lost; such a lane goes on under another name. */
  async lost(client: pg.Client): Promise<boolean> {
    const recent = [...this.#taken].filter(([, { at }]) => Date.now() - at < FORGOTTEN)
    const { rows } = await client.query<{ id: string }>(BEHIND, [
      recent.map(([id]) => id),
      recent.map(([, { batch }]) => batch),
    ])
    return rows.filter(({ id }) => this.#taken.delete(id)).length > 0
  }
}
